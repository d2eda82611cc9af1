// Anything that a replica's admin port may answer: a count of connections is found in it, or none; never a negative
// one, and the same however the answer comes in pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "operator/controllers/realtimeapp/observe/connection_counter.hpp"
#include "operator/kube/line_reader.hpp"
#include "tests/fuzz/check.hpp"

namespace {

/// What is counted if it comes in pieces of so many bytes.
std::optional<std::int64_t> counted(std::string_view answer, std::size_t piece) {
  kube::LineReader lines{kube::FetchLimits{}.max_line};
  controllers::OpenConnections open;
  for (; !answer.empty(); answer.remove_prefix(std::min(piece, answer.size())))
    if (!lines.read(answer.substr(0, piece), [&](std::string_view line) { open.read(line); })) return std::nullopt;
  return open.sum();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view answer{reinterpret_cast<const char*>(data), size};
  const auto open = counted(answer, size);
  FUZZ_CHECK(!open || *open >= 0);
  for (const std::size_t piece : {1U, 7U}) FUZZ_CHECK(counted(answer, piece) == open);
  return 0;
}
