// WebSocket frames for tests: those of a client, right and wrong, and what a FrameReader makes of them.
#pragma once

#include <array>
#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "realtime-server/engineio/frame.hpp"

namespace frames {

/// How a client's frame is made; as it stands, a good one.
struct Shape {
  bool final = true;
  unsigned reserved = 0;  ///< the three reserved bits, as a number
  bool masked = true;
  std::array<unsigned char, 4> mask{0x37, 0xfa, 0x21, 0x3d};
  std::size_t size_bytes = 8;  ///< at most so many for a long length: 0, 2, 8
  bool shortest = true;        ///< false: exactly size_bytes, though fewer would do
};

/// A client's frame. `opcode` may be one that does not exist.
std::string from_client(unsigned opcode, std::string_view payload, const Shape& shape = {});

inline std::string text(std::string_view payload, const Shape& shape = {}) { return from_client(1, payload, shape); }
inline std::string binary(std::string_view payload, const Shape& shape = {}) { return from_client(2, payload, shape); }
inline std::string ping(std::string_view payload) { return from_client(9, payload); }
/// A close frame with a status and a reason.
std::string close(unsigned status, std::string_view reason = {});
/// The header of a client's frame that announces `size` bytes, without any of them.
std::string announcing(unsigned opcode, unsigned long long size, bool final = true);

/// What a reader gave, kept.
struct Event {
  engineio::Incoming::Kind kind;
  std::string payload;
  engineio::CloseReason error = engineio::CloseReason::kProtocolError;

  bool operator==(const Event& other) const {
    return kind == other.kind && payload == other.payload &&
           (kind != engineio::Incoming::Kind::kError || error == other.error);
  }
};

std::ostream& operator<<(std::ostream& to, const Event& event);

Event message(std::string_view payload);
Event binary_message(std::string_view payload);
Event failure(engineio::CloseReason reason);

/// Lets the reader take `bytes` as one read, until there is no more or it has failed.
std::vector<Event> read(engineio::FrameReader& reader, std::string_view bytes);
/// Takes `bytes` with a new reader, cut into reads at these places.
std::vector<Event> read_cut(std::string_view bytes, const std::vector<std::size_t>& cuts, std::size_t most);

/// A frame of ours.
struct Own {
  engineio::Opcode opcode;
  std::string payload;
  bool operator==(const Own&) const = default;
};
/// The frames of ours in `bytes`; what is not whole at the end is left out.
std::vector<Own> own_in(std::string_view bytes);

}  // namespace frames
