#include "realtime-server/transport/http.hpp"

#include "tests/support/catch.hpp"

TEST_CASE("The answer to a WebSocket's key is that of RFC 6455", "[unit][transport]") {
  CHECK(transport::accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  for (const auto* key : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ==\n", "dGhlIHNhbXBsZSBub25jZTEy",
                          "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25j*Q==", " dGhlIHNhbXBsZSBub25jZQ==",
                          "dGhlIHNhbXBsZSBub2==ZQ==", "dGhlIHNhbXBsZSBub25jZTEyMzQ1Njc4"}) {
    INFO(key);
    CHECK_FALSE(transport::accept_key(key));
  }
}

TEST_CASE("The head of an answer says what follows, and whether more may", "[unit][transport]") {
  CHECK(transport::head_of({.status = 200, .content_type = "text/html", .body = "12345"}, {}, true) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n");
  CHECK(transport::head_of({.status = 503, .headers = "Retry-After: 1\r\nX: y\r\n"}, {}, false) ==
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 0\r\n"
        "Retry-After: 1\r\nX: y\r\nConnection: close\r\n\r\n");
  // RFC 9110, section 8.6: no length where there can be no body.
  CHECK(transport::head_of({.status = 204}, {}, true) == "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_CASE("Every status that is answered has its phrase", "[unit][transport]") {
  for (const int status : {200, 204, 400, 403, 404, 405, 408, 413, 426, 431, 503}) {
    INFO(status);
    CHECK(transport::phrase_of(status) != "Unknown");
  }
  CHECK(transport::phrase_of(413) == "Payload Too Large");
  CHECK(transport::phrase_of(299) == "Unknown");
}
