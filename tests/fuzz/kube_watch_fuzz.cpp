// Anything where the stream of a watch is due, cut anywhere: the same events come out, and then the same failure.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operator/kube/client.hpp"
#include "tests/fuzz/check.hpp"

namespace {

struct Outcome {
  std::vector<std::string> events;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

/// What comes out of the stream when it comes in pieces of this size.
Outcome decode(std::string_view stream, std::size_t piece) {
  Outcome outcome;
  kube::WatchDecoder decoder;
  const auto take = [&](const kube::WatchEvent& event) {
    outcome.events.push_back(std::to_string(static_cast<int>(event.type)) + event.object.name() +
                             event.object.resource_version());
    if (event.type == kube::WatchEventType::kError)
      FUZZ_CHECK(!kube::error_from(410, kube::text_of(event.object.json().to_json()), std::nullopt).message.empty());
    return true;
  };
  while (!stream.empty() && !outcome.failed) {
    outcome.failed = !decoder.feed(stream.substr(0, piece), take);
    stream.remove_prefix(std::min(piece, stream.size()));
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream{reinterpret_cast<const char*>(data) + 1, size - 1};
  const std::size_t piece = data[0] + std::size_t{1};
  FUZZ_CHECK(decode(stream, stream.size() + 1) == decode(stream, piece));
  (void)kube::error_from(500, stream, std::nullopt);
  return 0;
}
