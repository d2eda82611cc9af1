#include "realtime-server/redis/bus.hpp"
#include "tests/redis/world.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/redis_process.hpp"

using redis::BusState;
using support::RedisProcess;
using world::Loop;
using world::Member;

TEST_CASE("A password, or a user with only the permissions that are needed, lets a bus connect", "[redis]") {
  const RedisProcess server{{"--requirepass", "p@ss/word", "--user", "app", "on", ">secret", "resetchannels", "&chat",
                             "-@all", "+subscribe", "+publish", "+ping"}};
  Loop loop;
  Member by_password{loop, server.url(":p%40ss%2Fword") + "/3"};
  Member by_user{loop, server.url("app:secret")};
  by_password.until_subscribed();
  by_user.until_subscribed();
  by_user.reaches(by_password, "to the password");
  by_password.reaches(by_user, "to the user");
  CHECK(by_password.last_error().empty());
  CHECK(by_user.last_error().empty());
}

TEST_CASE("What Redis refuses is reported with what to change, and is tried again", "[redis]") {
  struct Case {
    std::string what;
    std::vector<std::string> server;
    std::string credentials;
    std::string database;
    std::string message;
    std::vector<std::string> fix;
  };
  const auto test = GENERATE(values<Case>({
      {"a wrong password",
       {"--user", "app", "on", ">right", "allcommands", "allchannels"},
       "app:hunter2",
       "",
       "(WRONGPASS): correct them in the Redis URL",
       {"ACL", "SETUSER", "app", ">hunter2"}},
      {"a password where there is none",
       {},
       ":hunter2",
       "",
       "the Redis URL has a password but Redis has none",
       {"CONFIG", "SET", "requirepass", "hunter2"}},
      {"a user without permissions",
       {"--user", "app", "on", ">hunter2", "-@all", "+ping", "allchannels"},
       "app:hunter2",
       "",
       "grant it with ACL SETUSER USER +subscribe",
       {"ACL", "SETUSER", "app", "+subscribe"}},
      {"a user without the channel",
       {"--user", "app", "on", ">hunter2", "resetchannels", "allcommands"},
       "app:hunter2",
       "",
       "&CHANNEL (of the channels chat)",
       {"ACL", "SETUSER", "app", "&chat"}},
      {"a database that is not there", {"--databases", "2"}, "", "/2", "no database with that number", {}},
      {"a replica without its master",
       {"--replicaof", "127.0.0.1", "1", "--replica-serve-stale-data", "no"},
       "",
       "",
       "lost its master (MASTERDOWN)",
       {"REPLICAOF", "NO", "ONE"}},
  }));
  INFO(test.what);
  const RedisProcess server{test.server};
  Loop loop;
  Member bus{loop, server.url(test.credentials) + test.database};
  bus.until_error(test.message);
  CHECK_THAT(bus.last_error(), !Catch::Contains("hunter2"));
  CHECK(bus.bus.state() == BusState::kConnecting);
  CHECK(bus.states.empty());
  if (test.fix.empty()) return;
  if (test.fix.size() == 3) {
    CHECK(server.command({test.fix[0], test.fix[1], test.fix[2]}) == "OK");
  } else {
    CHECK(server.command({test.fix[0], test.fix[1], test.fix[2], test.fix[3]}) == "OK");
  }
  bus.until_subscribed();
  loop.until("both connections to be well", [&] { return bus.bus.problem().empty(); });
}

TEST_CASE("A Redis that requires a password is reported", "[redis]") {
  const RedisProcess server{{"--requirepass", "secret"}};
  Loop loop;
  Member bus{loop, server.url()};
  loop.until("either connection to have said it", [&] { return bus.problems.size() == 2; });
  CHECK_THAT(bus.problems[0] + bus.problems[1], Catch::Contains("subscription: Redis requires a password (NOAUTH)") &&
                                                    Catch::Contains("publishing: Redis requires a password (NOAUTH)"));
  CHECK(bus.bus.state() == BusState::kConnecting);
  CHECK_THAT(bus.bus.problem(), Catch::Contains("subscription: Redis requires a password"));
}

TEST_CASE("A Redis without room for another client says so", "[redis]") {
  const RedisProcess server{{"--maxclients", "1"}};
  Loop loop;
  Member first{loop, server.url()};  // either of its connections takes the only place
  first.until_error("Redis accepts no more clients: raise maxclients");
}

TEST_CASE("A Redis that is loading says so, and is used when it has loaded", "[redis]") {
  RedisProcess server{{"--enable-debug-command", "yes"}};
  CHECK(server.command({"DEBUG", "POPULATE", "1000", "key", "2000"}) == "OK");
  CHECK(server.command({"SAVE"}) == "OK");
  server.end(SIGKILL);
  server.add_options({"--key-load-delay", "1000", "--loading-process-events-interval-bytes", "2048"});
  server.start();
  Loop loop;
  Member bus{loop, server.url()};
  bus.until_error("(LOADING)");
  CHECK(bus.bus.state() == BusState::kConnecting);
  bus.until_subscribed();
}

TEST_CASE("Publishes that Redis refuses are lost, counted and named", "[redis]") {
  const RedisProcess server{{"--user", "app", "on", ">secret", "allchannels", "-@all", "+subscribe", "+ping"}};
  Loop loop;
  Member bus{loop, server.url("app:secret")};
  bus.until_subscribed();
  loop.until("a refused publish", [&] {
    bus.bus.publish("chat", "x");
    return bus.last_error().find("publishing: the Redis user lacks the permission (NOPERM)") != std::string::npos;
  });
  for (int i = 0; i < 3; ++i) bus.bus.publish("chat", "x");
  loop.until("all to be counted", [&] { return bus.bus.counters().lost == bus.bus.counters().publishes; });
  CHECK(bus.bus.state() == BusState::kSubscribed);
  CHECK_THAT(bus.bus.problem(), Catch::StartsWith("publishing: "));
  CHECK(bus.problems == std::vector{bus.bus.problem()});  // once, however often

  CHECK(server.command({"ACL", "SETUSER", "app", "+publish"}) == "OK");
  loop.until("a publish that is taken", [&] {
    bus.bus.publish("chat", "x");
    return bus.bus.problem().empty();
  });
}

TEST_CASE("A Redis that cannot be reached is named without the password", "[redis]") {
  Loop loop;
  const auto port = std::to_string(support::free_port());
  Member refused{loop, "redis://:hunter2@127.0.0.1:" + port};
  Member unknown{loop, "redis://:hunter2@no-such-host.invalid"};
  refused.until_error("cannot connect to 127.0.0.1:" + port + ": Connection refused");
  unknown.until_error("cannot resolve no-such-host.invalid: ");
  for (const auto* member : {&refused, &unknown}) {
    CHECK(member->bus.state() == BusState::kConnecting);
    CHECK_THAT(member->last_error(), !Catch::Contains("hunter2"));
  }
}
