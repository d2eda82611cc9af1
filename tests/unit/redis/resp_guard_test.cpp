#include "realtime-server/redis/resp_guard.hpp"

#include <optional>
#include <vector>

#include "tests/support/catch.hpp"

using redis::RespFault;

namespace {

constexpr redis::RespLimits kLimits{.bulk_bytes = 12, .line_bytes = 16, .elements = 6, .depth = 2, .skipped_bytes = 40};

struct Outcome {
  std::string passed;
  std::optional<RespFault> fault;
  std::uint64_t skipped = 0;
  std::uint64_t last_skipped_bytes = 0;

  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << Catch::Detail::stringify(outcome.passed) << ", "
             << (outcome.fault ? redis::fault_info(*outcome.fault).name : "no fault") << ", " << outcome.skipped
             << " skipped";
}

Outcome guarded(const std::vector<std::string_view>& pieces) {
  redis::RespGuard guard{kLimits};
  Outcome outcome;
  for (const auto piece : pieces) {
    const auto passed = guard.pass(piece, [&](std::string_view bytes) {
      CHECK_FALSE(bytes.empty());
      outcome.passed += bytes;
    });
    if (passed) continue;
    outcome.fault = passed.error();
    outcome.passed.clear();  // how much of an unusable stream passed does not matter
    break;
  }
  outcome.skipped = guard.skipped();
  outcome.last_skipped_bytes = guard.last_skipped_bytes();
  return outcome;
}

/// The outcome of a stream, which must be the same wherever it is cut once or twice, and byte by byte.
Outcome at_every_cut(std::string_view stream) {
  const auto whole = guarded({stream});
  for (std::size_t first = 0; first <= stream.size(); ++first)
    for (std::size_t second = first; second <= stream.size(); ++second) {
      const auto cut = guarded({stream.substr(0, first), stream.substr(first, second - first), stream.substr(second)});
      if (cut == whole) continue;
      INFO("cut at " << first << " and " << second);
      CHECK(cut == whole);
      return whole;
    }
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < stream.size(); ++at) bytes.push_back(stream.substr(at, 1));
  CHECK(guarded(bytes) == whole);
  return whole;
}

}  // namespace

TEST_CASE("The guard passes replies within the limits unchanged, wherever they are cut", "[unit][redis]") {
  const std::string_view stream = GENERATE(as<std::string_view>{},  //
                                           "+OK\r\n-ERR no\r\n:-12\r\n", "$0\r\n\r\n$3\r\n\r\n\r\r\n$-1\r\n",
                                           "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$3\r\n$9\n\r\n:1\r\n",
                                           "*2\r\n*2\r\n:1\r\n*0\r\n*-1\r\n*2\r\n*1\r\n:1\r\n$-1\r\n+after\r\n",
                                           "+a\rb\nc\r\r\n", "$12\r\n123456789012\r\n$12\r\n123456789012\r\n");
  CHECK(at_every_cut(stream) == Outcome{std::string{stream}, std::nullopt, 0, 0});
}

TEST_CASE("The guard replaces a bulk over the limit by nil, and continues after it", "[unit][redis]") {
  CHECK(at_every_cut("+a\r\n$13\r\n1234567890123\r\n+b\r\n") == Outcome{"+a\r\n$-1\r\n+b\r\n", std::nullopt, 1, 13});
  CHECK(at_every_cut("*3\r\n+m\r\n+c\r\n$13\r\n$99\r\n*1\r\n+x\r\n\r\n:1\r\n$40\r\n" + std::string(40, '\r') +
                     "\r\n") == Outcome{"*3\r\n+m\r\n+c\r\n$-1\r\n:1\r\n$-1\r\n", std::nullopt, 2, 40});
}

TEST_CASE("The guard names what a stream is lost for, wherever it is cut", "[unit][redis]") {
  struct Case {
    std::string stream;
    RespFault fault;
  };
  const auto [stream, fault] = GENERATE(values<Case>({
      {"?", RespFault::kUnknownType},
      {"+OK\r\n\r\n", RespFault::kUnknownType},
      {"%1\r\n+a\r\n+b\r\n", RespFault::kUnknownType},
      {"$\r\n", RespFault::kBadLength},
      {"$x\r\n", RespFault::kBadLength},
      {"$-2\r\n", RespFault::kBadLength},
      {"$1\n1\r\n", RespFault::kBadLength},
      {"*1 \r\n", RespFault::kBadLength},
      {"$" + std::string(40, '1'), RespFault::kBadLength},
      {"$18446744073709551616\r\n", RespFault::kBadLength},
      {"*-1x\r\n", RespFault::kBadLength},
      {"$1\r\n12\r\n", RespFault::kBadBulkEnd},
      {"$1\r\n1\r\r", RespFault::kBadBulkEnd},
      {"$13\r\n12345678901234", RespFault::kBadBulkEnd},
      {"+0123456789012345", RespFault::kLineTooLong},
      {"-01234567890123\r\n", RespFault::kLineTooLong},
      {"$41\r\n", RespFault::kBulkTooLong},
      {"$18446744073709551615\r\n", RespFault::kBulkTooLong},
      {"*3\r\n$12\r\n123456789012\r\n$12\r\n123456789012\r\n$5\r\n", RespFault::kReplyTooLarge},
      {"*4\r\n$12\r\n123456789012\r\n$12\r\n123456789012\r\n+12\r\n", RespFault::kReplyTooLarge},
      {"*7\r\n", RespFault::kTooManyElements},
      {"*4\r\n+\r\n*3\r\n", RespFault::kTooManyElements},
      {"*18446744073709551615\r\n", RespFault::kTooManyElements},
      {"*1\r\n*1\r\n*1\r\n", RespFault::kTooDeep},
  }));
  INFO(stream);
  const auto outcome = at_every_cut(stream);
  REQUIRE(outcome.fault);
  CHECK(redis::fault_info(*outcome.fault).name == redis::fault_info(fault).name);
}

TEST_CASE("What is open, or was counted, ends with the reply", "[unit][redis]") {
  std::string stream;
  for (int i = 0; i < 5; ++i)
    stream += "*2\r\n*4\r\n+\r\n+\r\n+\r\n+\r\n$12\r\n123456789012\r\n$12\r\n123456789012\r\n";
  CHECK(guarded({stream}) == Outcome{stream, std::nullopt, 0, 0});
}

TEST_CASE("The default limits are those of the design", "[unit][redis]") {
  const redis::RespLimits limits;
  CHECK(limits.bulk_bytes == 64 * 1024 * 1024);
  CHECK(limits.line_bytes == 64 * 1024);
  CHECK(limits.elements == 1024);
  CHECK(limits.depth == 4);
}
