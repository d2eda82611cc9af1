#include "realtime-server/options.hpp"

#include <cstdlib>
#include <sstream>
#include <vector>

#include <unistd.h>

#include "tests/support/catch.hpp"

namespace {

/// The environment that the options are read from, and nothing of it afterwards.
struct Environment {
  explicit Environment(const std::vector<std::pair<const char*, const char*>>& variables = {}) {
    clear();
    for (const auto& [name, value] : variables) setenv(name, value, 1);
  }
  ~Environment() { clear(); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  static void clear() {
    for (const auto* name : {"PORT", "REDIS_URL", "POD_NAME", "AFFINITY_COOKIE"}) unsetenv(name);
  }
};

struct Outcome {
  server::Options options;
  std::optional<int> exit_code;
  std::string out;
  std::string err;
};

Outcome parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "realtime-server");
  std::ostringstream out;
  std::ostringstream err;
  auto parsed = server::parse_options(static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {parsed.options, parsed.exit_code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("Without flags and environment the server has its defaults", "[unit][server]") {
  const Environment environment;
  const auto outcome = parse({});
  REQUIRE_FALSE(outcome.exit_code);
  CHECK(outcome.options.listen.text() == ":8080");
  CHECK(outcome.options.admin.text() == ":9090");
  CHECK(outcome.options.config_file.empty());
  CHECK_FALSE(outcome.options.redis_url);
  CHECK(outcome.options.log_level == "info");
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  CHECK(outcome.options.replica == host.data());
  CHECK(outcome.options.affinity_cookie == "realtime-replica");
}

TEST_CASE("The name of the ingress's cookie is read from the environment", "[unit][server]") {
  const Environment environment{{{"AFFINITY_COOKIE", "realtime-replica-1a2b"}}};
  CHECK(parse({}).options.affinity_cookie == "realtime-replica-1a2b");
}

TEST_CASE("Flags are read", "[unit][server]") {
  const Environment environment;
  const auto outcome = parse({"--listen", "[::1]:0", "--admin=:9091", "--config", "f.yaml", "--redis",
                              "redis://:p@r:6380/1", "--log-level", "debug"});
  REQUIRE_FALSE(outcome.exit_code);
  CHECK(outcome.options.listen.host == "::1");
  CHECK(outcome.options.listen.port == 0);
  CHECK(outcome.options.listen.text() == "[::1]:0");
  CHECK(outcome.options.admin.text() == ":9091");
  CHECK(outcome.options.config_file == "f.yaml");
  REQUIRE(outcome.options.redis_url);
  CHECK(outcome.options.redis_url->address() == "r:6380");
  CHECK(outcome.options.redis_url->password == "p");
  CHECK(outcome.options.redis_url->database == 1);
  CHECK(outcome.options.log_level == "debug");
}

TEST_CASE("The unspecified address of either family is every address of both", "[unit][server]") {
  const Environment environment;
  for (const char* address : {":0", "0.0.0.0:0", "[::]:0"}) {
    INFO(address);
    const auto outcome = parse({"--listen", address, "--admin", address});
    REQUIRE_FALSE(outcome.exit_code);
    CHECK(outcome.options.listen.host.empty());
    CHECK(outcome.options.listen.text() == ":0");
    CHECK(outcome.options.admin.text() == ":0");
  }
}

TEST_CASE("The environment says what the flags leave out", "[unit][server]") {
  const Environment environment{
      {{"PORT", "5000"}, {"REDIS_URL", "redis://env:6379/0"}, {"POD_NAME", "chat-7d9f-abcde"}}};
  const auto without = parse({});
  REQUIRE_FALSE(without.exit_code);
  CHECK(without.options.listen.text() == ":5000");
  REQUIRE(without.options.redis_url);
  CHECK(without.options.redis_url->address() == "env:6379");
  CHECK(without.options.replica == "chat-7d9f-abcde");
  const auto with = parse({"--listen", "127.0.0.1:6000", "--redis", "redis://flag"});
  REQUIRE_FALSE(with.exit_code);
  CHECK(with.options.listen.text() == "127.0.0.1:6000");
  REQUIRE(with.options.redis_url);
  CHECK(with.options.redis_url->address() == "flag:6379");
}

TEST_CASE("A variable that is empty counts as not set, and one that a flag overrides is not looked at",
          "[unit][server]") {
  const Environment environment{{{"PORT", ""}, {"REDIS_URL", ""}, {"POD_NAME", ""}}};
  const auto outcome = parse({});
  REQUIRE_FALSE(outcome.exit_code);
  CHECK(outcome.options.listen.port == 8080);
  CHECK_FALSE(outcome.options.redis_url);
  CHECK_FALSE(outcome.options.replica.empty());
  const Environment wrong{{{"PORT", "tcp://10.0.0.1:80"}, {"REDIS_URL", "http://x"}}};
  CHECK_FALSE(parse({"--listen", ":1", "--redis", "redis://r"}).exit_code);
}

TEST_CASE("With invalid flags the process exits with code 2 and says what is wrong", "[unit][server]") {
  const Environment environment;
  const auto [arguments, words] = GENERATE(table<std::vector<const char*>, std::string>(
      {{{"--listen", "8080"},
        "--listen: \"8080\" has no port; write ADDRESS:PORT, for example 127.0.0.1:8080, or :8080"},
       {{"--listen", "0.0.0.0:65536"}, "--listen: \"65536\" is not a port; write a number from 0 to 65535"},
       {{"--listen", "0.0.0.0:"}, "\"\" is not a port"},
       {{"--listen", "0.0.0.0:80x"}, "\"80x\" is not a port"},
       {{"--listen", "0.0.0.0:-1"}, "\"-1\" is not a port"},
       {{"--listen", "localhost:80"},
        "\"localhost\" is not an IP address; write for example 127.0.0.1 or [::1], or nothing"},
       {{"--listen", "1.2.3:80"}, "\"1.2.3\" is not an IP address"},
       {{"--listen", "::1:80"}, "\"::1\" is not an IP address"},
       {{"--listen", "[1.2.3.4]:80"}, "\"[1.2.3.4]\" is not an IP address"},
       {{"--listen", "[]:80"}, "\"[]\" is not an IP address"},
       {{"--listen", ""}, "--listen: \"\" has no port"},
       {{"--listen", "127.0.0.1"}, "\"127.0.0.1\" has no port"},
       {{"--listen", ":"}, "\"\" is not a port"},
       {{"--listen", "127.0.0.1:+1"}, "\"+1\" is not a port"},
       {{"--listen", "127.0.0.1:0x50"}, "\"0x50\" is not a port"},
       {{"--listen", "127.0.0:80:"}, "\"\" is not a port"},
       {{"--listen", "256.0.0.1:80"}, "\"256.0.0.1\" is not an IP address"},
       {{"--listen", "[::1]"}, "\"1]\" is not a port"},
       {{"--listen", "[::1"}, "\"[:\" is not an IP address"},
       {{"--listen", "::1]:80"}, "\"::1]\" is not an IP address"},
       {{"--listen", ":::80"}, "\"::\" is not an IP address"},
       {{"--listen", "[::1]80"}, "\"1]80\" is not a port"},
       {{"--listen", "[::1:80"}, "\"[::1\" is not an IP address"},
       {{"--listen", "*:80"}, "\"*\" is not an IP address"},
       {{"--listen", " 127.0.0.1:80"}, "\" 127.0.0.1\" is not an IP address"},
       {{"--listen", "127.0.0.1:80 "}, "\"80 \" is not a port"},
       {{"--listen", "http://127.0.0.1:80"}, "\"http://127.0.0.1\" is not an IP address"},
       {{"--admin", "nowhere:1"}, "--admin: \"nowhere\" is not an IP address"},
       {{"--redis", "http://r"}, "--redis: the Redis URL does not begin with redis://; write redis://[USER"},
       {{"--redis", "rediss://r"}, "--redis: the Redis URL asks for TLS (rediss://), which is not supported yet"},
       {{"--redis", ""}, "--redis: the Redis URL does not begin with redis://"},
       {{"--log-level", "loud"}, "--log-level"},
       {{"--listen"}, "--listen"},
       {{"--unknown"}, "--unknown"},
       {{"extra"}, "extra"}}));
  const auto outcome = parse(arguments);
  CHECK(outcome.exit_code == server::kUsageError);
  CHECK(server::kUsageError == 2);
  CHECK_THAT(outcome.err, Catch::Contains(words));
  CHECK(outcome.out.empty());
}

TEST_CASE("With an invalid environment the process exits too, without showing a password", "[unit][server]") {
  const auto [name, value, words] = GENERATE(table<const char*, std::string, std::string>(
      {{"PORT", "tcp://10.0.0.1:80", "PORT: \"tcp://10.0.0.1:80\" is not a port"},
       {"PORT", "70000", "PORT: \"70000\" is not a port"},
       {"REDIS_URL", "r:secret@host", "REDIS_URL: the Redis URL does not begin with redis://"},
       {"POD_NAME", "two words", "POD_NAME is not a valid replica name"},
       {"POD_NAME", "a\r\nSet-Cookie:x", "POD_NAME is not a valid replica name"},
       {"POD_NAME", std::string(254, 'a'), "POD_NAME is not a valid replica name"},
       {"AFFINITY_COOKIE", "a=b", "AFFINITY_COOKIE is not a cookie's name"},
       {"AFFINITY_COOKIE", "a\r\nX: y", "AFFINITY_COOKIE is not a cookie's name"}}));
  const Environment environment{{{name, value.c_str()}}};
  const auto outcome = parse({});
  CHECK(outcome.exit_code == server::kUsageError);
  CHECK_THAT(outcome.err, Catch::Contains(words) && !Catch::Contains("secret"));
}

TEST_CASE("With --help the process explains itself and exits with code 0", "[unit][server]") {
  const Environment environment;
  const auto help = parse({"--help"});
  CHECK(help.exit_code == 0);
  for (const auto* words :
       {"--listen ADDRESS:PORT", "--config FILE", "--redis redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]",
        "--admin ADDRESS:PORT", "--log-level LEVEL", "=:8080", "=:9090", "IPv4 and IPv6", "PORT", "REDIS_URL",
        "POD_NAME", "examples/server/echo.yaml", "SIGTERM"})
    CHECK_THAT(help.out, Catch::Contains(words));
  CHECK(parse({"--version"}).exit_code == 0);
  CHECK_FALSE(parse({"--version"}).out.empty());
}
