#include "realtime-server/redis/url.hpp"

#include "tests/support/catch.hpp"

TEST_CASE("A Redis URL is read part by part", "[unit][redis]") {
  struct Case {
    std::string_view text;
    redis::Url url;
    std::string_view address;
  };
  const auto [text, url, address] = GENERATE(values<Case>({
      {"redis://cache", {"cache"}, "cache:6379"},
      {"redis://cache/", {"cache"}, "cache:6379"},
      {"redis://cache.chat.svc:6380/3", {.host = "cache.chat.svc", .port = 6380, .database = 3}, "cache.chat.svc:6380"},
      {"redis://:secret@10.0.0.7:1", {.host = "10.0.0.7", .port = 1, .password = "secret"}, "10.0.0.7:1"},
      {"redis://app:s:e@c@cache:65535",
       {.host = "cache", .port = 65535, .user = "app", .password = "s:e@c"},
       "cache:65535"},
      {"redis://a%40b:%2f%3F%25%00x@h", {.host = "h", .user = "a@b", .password = {"/?%\0x", 5}}, "h:6379"},
      {"redis://app@h", {.host = "h", .user = "app"}, "h:6379"},
      {"redis://[2001:db8::1]/1", {.host = "2001:db8::1", .database = 1}, "[2001:db8::1]:6379"},
      {"redis://:p@[::ffff:1.2.3.4]:7000",
       {.host = "::ffff:1.2.3.4", .port = 7000, .password = "p"},
       "[::ffff:1.2.3.4]:7000"},
  }));
  INFO(text);
  const auto read = redis::parse_url(text);
  REQUIRE(read);
  CHECK(read->host == url.host);
  CHECK(read->port == url.port);
  CHECK(read->user == url.user);
  CHECK(read->password == url.password);
  CHECK(read->database == url.database);
  CHECK(read->address() == address);
}

TEST_CASE("An invalid Redis URL is refused with a message that helps and does not reveal the password",
          "[unit][redis]") {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  const auto [text, message] = GENERATE(values<Case>({
      {"", "does not begin with redis://"},
      {"hunter2", "does not begin with redis://"},
      {"hunter2:6379", "does not begin with redis://"},
      {"unix:///run/hunter2", "does not begin with redis://"},
      {"rediss://:hunter2@cache", "TLS"},
      {"redis://:hunter2@cache\n", "white space"},
      {"redis://:hunter2@ca che", "white space"},
      {"redis://:hunter2@", "has no host"},
      {"redis://:6379", "has no host"},
      {"redis://:hunter2/x@cache", "write / as %2F"},
      {"redis://:hunter2#x@cache", "# as %23"},
      {"redis://app:hunter2%zz@cache", "write % as %25"},
      {"redis://app:hunter2%1", "not a number from 1 to 65535"},
      {"redis://app:hunter2%@cache", "write % as %25"},
      {"redis://app:hunter2%4@cache", "write % as %25"},
      {"redis://app:hunter2", "not a number from 1 to 65535"},
      {"redis://hunter2@cache:0", "not a number from 1 to 65535"},
      {"redis://hunter2@cache:", "not a number from 1 to 65535"},
      {"redis://hunter2@cache:65536", "not a number from 1 to 65535"},
      {"redis://hunter2@cache:+1", "not a number from 1 to 65535"},
      {"redis://hunter2@::1", "IPv6 address in brackets"},
      {"redis://hunter2@[::1", "brackets without an IPv6 address"},
      {"redis://hunter2@[]", "brackets without an IPv6 address"},
      {"redis://hunter2@[::1]6379", "continues after the bracket"},
      {"redis://hunter2@ca!che", "an invalid character"},
      {"redis://hunter2@cache/one", "not a database number"},
      {"redis://hunter2@cache/-1", "not a database number"},
      {"redis://hunter2@cache/2147483648", "not a database number"},
      {"redis://hunter2@cache/1/2", "not a database number"},
      {"redis://hunter2@cache?db=1", "not a database number"},
      {"redis://hunter2@cache?1", "not a database number"},
  }));
  INFO(text);
  const auto read = redis::parse_url(text);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == core::ErrorKind::kInvalidInput);
  CHECK_THAT(read.error().message, Catch::Contains(std::string{message}));
  CHECK_THAT(read.error().message, !Catch::Contains("hunter2"));
}
