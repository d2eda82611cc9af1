// A client's WebSocket stream of arbitrary bytes: our reader finds the same however the stream is cut into reads, gives
// out what RFC 6455 allows and nothing above its bound, and our own frames are read back as they were written.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "realtime-server/engineio/frame.hpp"
#include "realtime-server/engineio/packet.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using engineio::Incoming;
using Kind = Incoming::Kind;

struct Event {
  Kind kind;
  std::string payload;
  engineio::CloseReason error;
  bool operator==(const Event& other) const {
    return kind == other.kind && payload == other.payload && (kind != Kind::kError || error == other.error);
  }
};

void check(const Incoming& incoming, std::size_t most) {
  switch (incoming.kind) {
    case Kind::kText:
    case Kind::kBinary:
      FUZZ_CHECK(incoming.payload.size() <= most);
      break;
    case Kind::kPing:
    case Kind::kPong:
      FUZZ_CHECK(incoming.payload.size() <= 125);
      break;
    case Kind::kClose:
      FUZZ_CHECK(incoming.payload.size() <= 125 && incoming.payload.size() != 1);
      break;
    case Kind::kError:
      FUZZ_CHECK(incoming.error == engineio::CloseReason::kProtocolError ||
                 incoming.error == engineio::CloseReason::kMessageTooBig ||
                 incoming.error == engineio::CloseReason::kInvalidUtf8);
      break;
    case Kind::kNothing:
      FUZZ_CHECK(false);
  }
}

/// Reads the stream in pieces whose lengths `length` gives.
template <class Length>
std::vector<Event> read(const std::string& stream, std::size_t most, Length&& length) {
  engineio::FrameReader reader{most};
  std::vector<Event> events;
  for (std::size_t from = 0; from < stream.size();) {
    const auto size = std::min<std::size_t>(length(), stream.size() - from);
    // On the heap and of exactly this size, so that a read beyond it is found.
    std::vector<char> piece(stream.begin() + static_cast<std::ptrdiff_t>(from),
                            stream.begin() + static_cast<std::ptrdiff_t>(from + size));
    from += size;
    std::span<char> left{piece};
    while (true) {
      const auto before = left.size();
      const auto incoming = reader.next(left);
      FUZZ_CHECK(left.size() <= before);
      if (incoming.kind == Kind::kNothing) break;
      check(incoming, most);
      events.push_back({incoming.kind, std::string{incoming.payload}, incoming.error});
      if (incoming.kind == Kind::kError) return events;
    }
    FUZZ_CHECK(left.empty());
  }
  return events;
}

void check_own(const Event& event) {
  engineio::ChunkArena arena;
  const auto frame = engineio::encode_binary(arena, event.payload);
  const auto own = engineio::decode_own_frame({frame.begin(), frame.length});
  FUZZ_CHECK(own.opcode == engineio::Opcode::kBinary && own.payload == event.payload && own.size == frame.length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t most = data[0] * std::size_t{16};
  unsigned seed = data[1];
  const std::string stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto whole = read(stream, most, [] { return SIZE_MAX; });
  FUZZ_CHECK(read(stream, most, [] { return 1; }) == whole);
  FUZZ_CHECK(read(stream, most, [&seed] {
               seed = seed * 1'103'515'245U + 12'345U;
               return 1 + (seed >> 16U) % ((seed >> 8U & 1U) != 0 ? 4 : 40);
             }) == whole);
  for (const auto& event : whole) check_own(event);
  return 0;
}
