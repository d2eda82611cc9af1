#include "realtime-server/redis/reply_reader.hpp"

#include <random>

#include <hiredis/hiredis.h>

#include "realtime-server/redis/backoff.hpp"
#include "realtime-server/redis/command.hpp"
#include "realtime-server/redis/error_messages.hpp"
#include "tests/support/catch.hpp"

using redis::Reply;

namespace {

/// A reply on one line: an array in brackets, text with its type's letter.
std::string shown(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::kNil:
      return "nil";
    case Reply::Type::kInteger:
      return std::to_string(reply.integer);
    case Reply::Type::kStatus:
      return "s:" + reply.text;
    case Reply::Type::kError:
      return "e:" + reply.text;
    case Reply::Type::kBulk:
      return "b:" + reply.text;
    case Reply::Type::kArray:
      break;
  }
  std::string text = "[";
  for (const auto& element : reply.elements) text += shown(element) + ";";
  return text + "]";
}

const std::string kReplyStream =
    "+OK\r\n*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$5\r\na\r\nb\r\r\n:-7\r\n$-1\r\n*-1\r\n*0\r\n"
    "*2\r\n*2\r\n:1\r\n$0\r\n\r\n$2\r\nhi\r\n*1\r\n+x\r\n-ERR no\r\n";
const std::vector<std::string> kReplies{
    "s:OK", "[b:message;b:ch;b:a\r\nb\r;]", "-7", "nil", "nil", "[]", "[[1;b:;];b:hi;]", "[s:x;]", "e:ERR no"};

}  // namespace

TEST_CASE("Replies come out the same wherever the stream is cut", "[unit][redis]") {
  const std::string_view stream = kReplyStream;
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    redis::ReplyReader reader{{}};
    std::vector<std::string> seen;
    const auto sink = [&](const Reply& reply) {
      seen.push_back(shown(reply));
      return true;
    };
    REQUIRE(reader.read(stream.substr(0, cut), sink));
    REQUIRE(reader.read(stream.substr(cut), sink));
    CHECK(seen == kReplies);
  }
}

TEST_CASE("A sink that has enough ends the reading", "[unit][redis]") {
  redis::ReplyReader reader{{}};
  int seen = 0;
  const auto long_stream = kReplyStream + "$20000\r\n" + std::string(20'000, 'x') + "\r\n";
  CHECK(reader.read(long_stream, [&](const Reply&) { return ++seen < 2; }));
  CHECK(seen == 2);
}

TEST_CASE("A bulk over the limit is nil in its reply, and is not kept in memory", "[unit][redis]") {
  redis::ReplyReader reader{{.bulk_bytes = 100}};
  std::vector<std::string> seen;
  const auto sink = [&](const Reply& reply) {
    seen.push_back(shown(reply));
    return true;
  };
  REQUIRE(reader.read("*3\r\n+message\r\n+ch\r\n$1000000\r\n", sink));
  CHECK(seen == std::vector<std::string>{"[s:message;s:ch;nil;]"});
  CHECK(reader.skipped() == 1);
  CHECK(reader.last_skipped_bytes() == 1'000'000);
  REQUIRE(reader.read(std::string(1'000'000, 'x'), sink));
  REQUIRE(reader.read("\r\n+PONG\r\n", sink));
  CHECK(seen.back() == "s:PONG");
}

TEST_CASE("An unusable stream fails with a name, after the replies before", "[unit][redis]") {
  struct Case {
    std::string stream;
    core::ErrorKind kind;
    std::string message;
  };
  const auto [stream, kind, message] = GENERATE(values<Case>({
      {"+OK\r\n!", core::ErrorKind::kMalformed, "unknown_type"},
      {"+OK\r\n*1025\r\n", core::ErrorKind::kTooLarge, "too_many_elements"},
      {"+OK\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", core::ErrorKind::kTooLarge, "too_deep"},
      {"+OK\r\n+" + std::string(70'000, 'x'), core::ErrorKind::kTooLarge, "line_too_long"},
      {"+OK\r\n:12x\r\n", core::ErrorKind::kMalformed, "Bad integer"},
  }));
  redis::ReplyReader reader{{}};
  std::vector<std::string> seen;
  const auto outcome = reader.read(stream, [&](const Reply& reply) {
    seen.push_back(shown(reply));
    return true;
  });
  CHECK(seen == std::vector<std::string>{"s:OK"});
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == kind);
  CHECK_THAT(outcome.error().message, Catch::Contains(message));
}

TEST_CASE("The faults' catalogue names each fault once", "[unit][redis]") {
  for (const auto& info : redis::kRespFaults) {
    CHECK(&redis::fault_info(info.fault) == &info);
    CHECK_FALSE(info.name.empty());
  }
}

TEST_CASE("Commands are formatted as hiredis does it", "[unit][redis]") {
  std::minstd_rand random{7};  // NOLINT: the same each time
  for (const std::size_t size : {0U, 1U, 9U, 10U, 999U, 1000U, 100'000U}) {
    std::string payload(size, '\0');
    for (auto& byte : payload) byte = static_cast<char>(random());
    std::string ours = "before";
    redis::append_command(ours, {"PUBLISH", "channel", payload});
    CHECK(ours.size() - 6 <= redis::command_size({"PUBLISH", "channel", payload}));
    std::array<const char*, 3> arguments{"PUBLISH", "channel", payload.data()};
    const std::array<std::size_t, 3> sizes{7, 7, size};
    char* theirs = nullptr;
    const int length = redisFormatCommandArgv(&theirs, 3, arguments.data(), sizes.data());
    CHECK(ours == "before" + std::string(theirs, static_cast<std::size_t>(length)));
    redisFreeCommand(theirs);
  }
}

TEST_CASE("Redis' errors are explained, without what we had sent", "[unit][redis]") {
  for (const auto& known : redis::kRedisErrors) {
    const auto error = redis::explain(std::string{known.beginning} + " and more");
    CHECK(error.message == known.message);
    CHECK(error.kind == known.kind);
  }
  const auto unknown = redis::explain("ERR unknown command 'AUTH', with args beginning with: 'hunter2'\x01");
  CHECK(unknown.message == "Redis answers: ERR unknown command 'AUTH', ");
  CHECK(redis::explain("WEIRD\n\x80").message == "Redis answers: WEIRD??");
  CHECK(redis::explain(std::string(1000, 'x')).message.size() < 250);
}

TEST_CASE("The back-off doubles its bound, spreads below it and can be reset", "[unit][redis]") {
  using std::chrono::milliseconds;
  redis::Backoff backoff{milliseconds{100}, milliseconds{1000}};
  for (int round = 0; round < 50; ++round) {
    for (const int bound : {100, 200, 400, 800, 1000, 1000}) {
      const auto delay = backoff.next();
      CHECK(delay >= milliseconds{0});
      CHECK(delay <= milliseconds{bound});
    }
    backoff.reset();
  }
  for (int i = 0; i < 10; ++i) backoff.next();
  milliseconds most{0};
  milliseconds least{1000};
  for (int i = 0; i < 200; ++i) {
    const auto delay = backoff.next();
    most = std::max(most, delay);
    least = std::min(least, delay);
  }
  CHECK(most > milliseconds{800});
  CHECK(least < milliseconds{200});
}
