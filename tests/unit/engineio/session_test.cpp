#include "realtime-server/engineio/session.hpp"

#include <set>

#include "tests/support/catch.hpp"

using engineio::Packet;
using engineio::PacketType;
using engineio::Session;
using engineio::TransportName;
using OnPacket = Session::OnPacket;
using OnPoll = Session::OnPoll;
using OnProbe = Session::OnProbe;

namespace {

engineio::SessionId some_id() { return engineio::SessionIds{{}}.next(); }

const Packet kProbe{PacketType::kPing, false, "probe"};
const Packet kUpgrade{PacketType::kUpgrade, false, ""};

Session polling() { return {some_id(), TransportName::kPolling}; }
Session probed() {
  auto session = polling();
  REQUIRE(session.on_websocket());
  REQUIRE(session.on_probe_packet(kProbe) == OnProbe::kAnswer);
  return session;
}
Session upgraded() {
  auto session = probed();
  REQUIRE(session.on_probe_packet(kUpgrade) == OnProbe::kUpgrade);
  return session;
}

}  // namespace

TEST_CASE("One poll waits, and a second one closes the session", "[unit][engineio]") {
  auto session = polling();
  CHECK(session.on_poll() == OnPoll::kWait);
  CHECK(session.may_send());
  SECTION("while the first one waits") { CHECK(session.on_poll() == OnPoll::kConflict); }
  SECTION("but not one after another") {
    session.poll_answered();
    CHECK(session.on_poll() == OnPoll::kWait);
  }
}

TEST_CASE("One POST runs, and a second one closes the session", "[unit][engineio]") {
  auto session = polling();
  CHECK(session.on_post_begin());
  CHECK_FALSE(session.on_post_begin());
  session.on_post_end();
  CHECK(session.on_post_begin());
  // A poll is another matter.
  CHECK(session.on_poll() == OnPoll::kWait);
}

TEST_CASE("Every type of packet has its consequence", "[unit][engineio]") {
  for (auto session : {polling(), upgraded(), Session{some_id(), TransportName::kWebSocket}}) {
    const auto on = [&](PacketType type) { return session.on_packet({type, false, "data"}); };
    CHECK(on(PacketType::kOpen) == OnPacket::kIgnore);
    CHECK(on(PacketType::kClose) == OnPacket::kClose);
    CHECK(on(PacketType::kPing) == OnPacket::kParseError);
    CHECK(on(PacketType::kPong) == OnPacket::kPong);
    CHECK(on(PacketType::kMessage) == OnPacket::kMessage);
    CHECK(session.on_packet({PacketType::kMessage, true, "data"}) == OnPacket::kMessage);
    CHECK(on(PacketType::kUpgrade) == OnPacket::kIgnore);
    CHECK(on(PacketType::kNoop) == OnPacket::kIgnore);
  }
}

TEST_CASE("A session names the transport that requests have to name", "[unit][engineio]") {
  CHECK(polling().transport() == TransportName::kPolling);
  CHECK(probed().transport() == TransportName::kPolling);
  CHECK(upgraded().transport() == TransportName::kWebSocket);
  CHECK(Session{some_id(), TransportName::kWebSocket}.transport() == TransportName::kWebSocket);
  const auto id = some_id();
  CHECK(Session{id, TransportName::kPolling}.id() == id);
}

TEST_CASE("Between the probe and the upgrade nothing leaves, and no poll waits", "[unit][engineio]") {
  auto session = polling();
  SECTION("a poll that waited before") { CHECK(session.on_poll() == OnPoll::kWait); }
  SECTION("no poll") {}
  REQUIRE(session.on_websocket());
  CHECK(session.may_send());  // the WebSocket may never probe
  REQUIRE(session.on_probe_packet(kProbe) == OnProbe::kAnswer);
  session.poll_answered();  // with `6`
  CHECK_FALSE(session.may_send());
  CHECK(session.on_poll() == OnPoll::kNoop);
  CHECK(session.on_poll() == OnPoll::kNoop);
  // What the client still posts counts.
  CHECK(session.on_post_begin());
  CHECK(session.on_packet({PacketType::kMessage, false, "data"}) == OnPacket::kMessage);

  REQUIRE(session.on_probe_packet(kUpgrade) == OnProbe::kUpgrade);
  CHECK(session.may_send());
  CHECK(session.transport() == TransportName::kWebSocket);
}

TEST_CASE("A poll waits alongside a WebSocket that has not probed yet", "[unit][engineio]") {
  auto session = polling();
  REQUIRE(session.on_websocket());
  CHECK(session.on_poll() == OnPoll::kWait);
  CHECK(session.on_poll() == OnPoll::kConflict);
}

TEST_CASE("A second WebSocket for a session is refused, in every phase", "[unit][engineio]") {
  auto unprobed = polling();
  REQUIRE(unprobed.on_websocket());
  CHECK_FALSE(unprobed.on_websocket());
  CHECK_FALSE(probed().on_websocket());
  CHECK_FALSE(upgraded().on_websocket());
  CHECK_FALSE(Session{some_id(), TransportName::kWebSocket}.on_websocket());
  auto closed = polling();
  closed.close();
  CHECK_FALSE(closed.on_websocket());
}

TEST_CASE("A probe that violates the protocol is refused, and polling continues", "[unit][engineio]") {
  auto session = polling();
  REQUIRE(session.on_websocket());
  SECTION("another ping") { CHECK(session.on_probe_packet({PacketType::kPing, false, ""}) == OnProbe::kRefuse); }
  SECTION("a ping with more") {
    CHECK(session.on_probe_packet({PacketType::kPing, false, "probe2"}) == OnProbe::kRefuse);
  }
  SECTION("a message") { CHECK(session.on_probe_packet({PacketType::kMessage, false, "probe"}) == OnProbe::kRefuse); }
  SECTION("an upgrade without a probe") { CHECK(session.on_probe_packet(kUpgrade) == OnProbe::kRefuse); }
  SECTION("a second probe") {
    REQUIRE(session.on_probe_packet(kProbe) == OnProbe::kAnswer);
    CHECK(session.on_probe_packet(kProbe) == OnProbe::kRefuse);
  }
  SECTION("a message instead of the upgrade") {
    REQUIRE(session.on_probe_packet(kProbe) == OnProbe::kAnswer);
    CHECK(session.on_probe_packet({PacketType::kMessage, false, "early"}) == OnProbe::kRefuse);
  }
  session.on_probe_gone();
  CHECK(session.may_send());
  CHECK(session.on_poll() == OnPoll::kWait);
  // The client may try again.
  REQUIRE(session.on_websocket());
  CHECK(session.on_probe_packet(kProbe) == OnProbe::kAnswer);
  CHECK(session.on_probe_packet(kUpgrade) == OnProbe::kUpgrade);
}

TEST_CASE("Once it is the transport a WebSocket is no probe any more", "[unit][engineio]") {
  auto session = upgraded();
  session.on_probe_gone();
  CHECK(session.transport() == TransportName::kWebSocket);
  CHECK(session.may_send());
}

TEST_CASE("A closed session sends nothing and stays closed", "[unit][engineio]") {
  for (auto session : {polling(), probed(), upgraded()}) {
    CHECK_FALSE(session.closed());
    session.close();
    CHECK(session.closed());
    CHECK_FALSE(session.may_send());
    session.on_probe_gone();
    CHECK(session.closed());
    CHECK(session.on_probe_packet(kProbe) == OnProbe::kRefuse);
    CHECK(session.on_probe_packet(kUpgrade) == OnProbe::kRefuse);
    CHECK(session.closed());
  }
}

TEST_CASE("The catalogue of close reasons is complete, and its statuses may be sent", "[unit][engineio]") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < engineio::kCloseReasons.size(); ++i) {
    const auto& info = engineio::kCloseReasons.at(i);
    INFO(info.name);
    CHECK(static_cast<std::size_t>(info.reason) == i);
    CHECK(&engineio::info_of(info.reason) == &info);
    CHECK(names.insert(info.name).second);
    const auto code = info.websocket_code;
    CHECK((code == 0 || (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)));
  }
  CHECK(engineio::kCloseReasons.back().reason == engineio::CloseReason::kOverloaded);
  // Clients come back after these; after a 1000 they may not.
  CHECK(engineio::info_of(engineio::CloseReason::kDrain).websocket_code == 1001);
}
