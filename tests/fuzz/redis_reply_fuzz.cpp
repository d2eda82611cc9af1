// Bytes as from Redis, through the guard and hiredis' reader, in one piece and cut: the replies must be the same,
// within the limits, and what the guard lets through must be no more than it was given.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "realtime-server/redis/reply_reader.hpp"

namespace {

constexpr redis::RespLimits kLimits{
    .bulk_bytes = 64, .line_bytes = 48, .elements = 12, .depth = 3, .skipped_bytes = 200};

void require(bool condition) {
  if (!condition) std::abort();
}

struct Measure {
  std::size_t bytes = 0;
  std::size_t elements = 0;
  std::size_t depth = 0;
};

void measure(const redis::Reply& reply, std::size_t depth, Measure& total) {
  if (reply.type != redis::Reply::Type::kArray) {
    total.bytes += reply.text.size();
    return;
  }
  total.elements += reply.elements.size();
  total.depth = std::max(total.depth, depth + (reply.elements.empty() ? 0 : 1));
  for (const auto& element : reply.elements) measure(element, depth + 1, total);
}

void write(const redis::Reply& reply, std::string& out) {
  out += static_cast<char>('a' + static_cast<int>(reply.type));
  out += reply.type == redis::Reply::Type::kInteger ? std::to_string(reply.integer) : reply.text;
  for (const auto& element : reply.elements) write(element, out);
  out += '\n';
}

/// Everything that came of the stream, whether it was lost, and how many bulks were skipped.
struct Outcome {
  std::string replies;
  bool lost = false;
  std::uint64_t skipped = 0;
};

Outcome read(std::string_view stream, std::size_t piece) {
  redis::ReplyReader reader{kLimits};
  Outcome outcome;
  while (!stream.empty() && !outcome.lost) {
    outcome.lost = !reader.read(stream.substr(0, piece), [&](const redis::Reply& reply) {
      Measure total;
      measure(reply, 0, total);
      require(total.bytes <= kLimits.bulk_bytes + kLimits.line_bytes);
      require(total.elements <= kLimits.elements);
      require(total.depth <= kLimits.depth);
      write(reply, outcome.replies);
      return true;
    });
    stream.remove_prefix(std::min(piece, stream.size()));
  }
  outcome.skipped = reader.skipped();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte says where the second reading is cut.
  const std::string_view stream{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto whole = read(stream, stream.size() + 1);
  const auto cut = read(stream, data[0] % 7 + std::size_t{1});
  require(whole.lost == cut.lost);
  require(whole.replies == cut.replies);
  if (!whole.lost) require(whole.skipped == cut.skipped);

  std::string passed;
  redis::RespGuard guard{kLimits};
  (void)guard.pass(stream, [&](std::string_view bytes) { passed += bytes; });
  require(passed.size() <= stream.size());
  return 0;
}
