#include "realtime-server/engineio/handshake.hpp"

#include "tests/support/catch.hpp"

using engineio::Query;
using engineio::Refusal;
using engineio::SessionId;
using engineio::TransportName;

TEST_CASE("A query is read in any order", "[unit][engineio]") {
  for (const auto* text :
       {"EIO=4&transport=polling&sid=abc&t=xyz", "t=xyz&sid=abc&transport=polling&EIO=4",
        "&&EIO=4&&transport=polling&sid=abc&", "EIO=3&transport=websocket&EIO=4&sid=x&transport=polling&sid=abc"}) {
    INFO(text);
    const auto query = Query::parse(text);
    CHECK(query.eio == "4");
    CHECK(query.transport == "polling");
    CHECK(query.sid == "abc");
    CHECK_FALSE(query.base64);
  }
}

TEST_CASE("What a query leaves out is missing, what is empty is empty", "[unit][engineio]") {
  for (const auto* text : {"", "&", "=", "=4", "eio=4", "EIOS=4&xtransport=polling&SID=abc", "%45IO=4"}) {
    INFO(text);
    const auto query = Query::parse(text);
    CHECK(query.eio.empty());
    CHECK(query.transport.empty());
    CHECK_FALSE(query.sid);
    CHECK_FALSE(query.base64);
  }
  const auto query = Query::parse("EIO&transport=&sid=");
  CHECK(query.eio.empty());
  CHECK(query.transport.empty());
  CHECK(query.sid == "");
  CHECK(Query::parse("sid").sid == "");
  // Nothing is unescaped, and a value continues to the next `&`.
  CHECK(Query::parse("sid=a%20b+c=d").sid == "a%20b+c=d");
}

TEST_CASE("Base64 is asked for by b64", "[unit][engineio]") {
  CHECK(Query::parse("b64=1").base64);
  CHECK(Query::parse("EIO=4&b64=true&transport=polling").base64);
  CHECK_FALSE(Query::parse("b64=0").base64);
  CHECK_FALSE(Query::parse("b64=").base64);
  CHECK_FALSE(Query::parse("b64").base64);
  CHECK_FALSE(Query::parse("b64=1&b64=0").base64);
}

TEST_CASE("A refusal has the code, message and status that engine.io sends", "[unit][engineio]") {
  struct Case {
    Refusal refusal;
    int status;
    std::string body;
  };
  const std::vector<Case> cases{
      {Refusal::kUnknownTransport, 400, R"({"code":0,"message":"Transport unknown"})"},
      {Refusal::kUnknownSession, 400, R"({"code":1,"message":"Session ID unknown"})"},
      {Refusal::kBadMethod, 400, R"({"code":2,"message":"Bad handshake method"})"},
      {Refusal::kBadRequest, 400, R"({"code":3,"message":"Bad request"})"},
      {Refusal::kForbidden, 403, R"({"code":4,"message":"Forbidden"})"},
      {Refusal::kUnsupportedProtocol, 400, R"({"code":5,"message":"Unsupported protocol version"})"},
  };
  for (const auto& [refusal, status, body] : cases) {
    CHECK(engineio::status_of(refusal) == status);
    CHECK(engineio::body_of(refusal) == body);
  }
}

TEST_CASE("An unknown session of our form is refused with its owner", "[unit][engineio]") {
  CHECK(engineio::body_of(Refusal::kUnknownSession, "a-_9bcdefghijklmnopq") ==
        R"({"code":1,"message":"Session ID unknown","owner":"a-_9"})");
  engineio::SessionIds ids{{0x1234, 0x56}};
  CHECK(engineio::body_of(Refusal::kUnknownSession, ids.next().text()) ==
        R"({"code":1,"message":"Session ID unknown","owner":"EjRW"})");
  // Of another form, and what it says is not repeated.
  for (const auto* sid : {"", "abc", "\"},{\"x\":\"aaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaa"})
    CHECK(engineio::body_of(Refusal::kUnknownSession, sid) == R"({"code":1,"message":"Session ID unknown"})");
  // Only there does it help.
  CHECK(engineio::body_of(Refusal::kBadRequest, "a-_9bcdefghijklmnopq") == R"({"code":3,"message":"Bad request"})");
}

TEST_CASE("The open packet says exactly what clients expect", "[unit][engineio]") {
  engineio::Protocol protocol;
  const auto id = *SessionId::parse("0123456789abcdefghij");
  CHECK(engineio::open_json(protocol, id, TransportName::kPolling) ==
        R"({"sid":"0123456789abcdefghij","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,)"
        R"("maxPayload":1000000})");
  CHECK(
      engineio::open_json(protocol, id, TransportName::kWebSocket) ==
      R"({"sid":"0123456789abcdefghij","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
  protocol.websocket = false;
  protocol.ping_interval = std::chrono::milliseconds{300};
  protocol.ping_timeout = std::chrono::milliseconds{200};
  protocol.max_payload = 99;
  CHECK(engineio::open_json(protocol, id, TransportName::kPolling) ==
        R"({"sid":"0123456789abcdefghij","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":99})");
  CHECK(engineio::name_of(TransportName::kPolling) == "polling");
  CHECK(engineio::name_of(TransportName::kWebSocket) == "websocket");
}
