// WebSocket frames (RFC 6455, section 5), without I/O: writes the server's frames, and reads clients' frames, unmasking
// in place and copying only what arrives in parts. A reader is owned by one WebSocket; one loop thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "realtime-server/engineio/close_reason.hpp"

namespace engineio {

enum class Opcode : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

/// Bytes of the header of a server's frame with a payload of this size: 2, 4 or 10.
constexpr std::size_t frame_header_size(std::size_t payload) { return payload < 126 ? 2 : payload < 65'536 ? 4 : 10; }

/// Writes the header of an unmasked, final frame and returns its end. Needs room for frame_header_size.
char* write_frame_header(char* at, Opcode opcode, std::size_t payload);

/// A frame that this server wrote.
struct OwnFrame {
  Opcode opcode;
  std::string_view payload;
  std::size_t size;  ///< of the whole frame
};

/// The first frame in `bytes`, which must begin with a whole frame written by write_frame_header.
OwnFrame decode_own_frame(std::string_view bytes);

/// What a reader found in the bytes of a client.
struct Incoming {
  enum class Kind : std::uint8_t { kNothing, kText, kBinary, kPing, kPong, kClose, kError };
  Kind kind = Kind::kNothing;
  std::string_view payload{};                       ///< valid until the next call
  CloseReason error = CloseReason::kProtocolError;  ///< of kError
};

class FrameReader {
 public:
  /// Messages above `most` bytes are refused as soon as a header announces them.
  explicit FrameReader(std::size_t most) : most_{static_cast<std::uint32_t>(most)} {}

  /// Takes the next message or control frame from the front of `bytes`, which it changes. kNothing: all was taken and
  /// the message continues in later bytes. After kError the connection must be closed (RFC 6455, section 7.1.7).
  Incoming next(std::span<char>& bytes);

  /// Frees the payload that next() returned, if it is kept here; it is not valid any more.
  void release();
  /// What it keeps, in bytes.
  std::size_t memory() const { return parts_ ? parts_->message.capacity() + parts_->control.capacity() : 0; }
  /// Frees all of it; next() must not be called again.
  void reset() { parts_.reset(); }

 private:
  /// What of a message and of a control frame came in earlier reads or frames.
  struct Parts {
    std::string message;
    std::string control;
  };

  bool take_header(std::span<char>& bytes);
  Incoming begin_frame();
  Incoming take_payload(std::span<char>& bytes);
  Incoming finished(std::string_view payload);
  void unmask(std::span<char> bytes);
  bool is_control() const { return (static_cast<unsigned>(opcode_) & 8U) != 0; }
  Parts& parts();

  std::unique_ptr<Parts> parts_;  ///< only while something is incomplete
  std::uint64_t left_ = 0;        ///< bytes of the current frame's payload to come
  std::uint32_t most_;
  std::uint32_t mask_offset_ = 0;
  std::array<unsigned char, 14> header_{};
  std::uint8_t header_size_ = 0;  ///< bytes of the header so far
  Opcode opcode_ = Opcode::kContinuation;
  Opcode message_ = Opcode::kContinuation;  ///< of the fragmented message; kContinuation: there is none
  bool final_ = false;
  bool in_payload_ = false;
  bool release_parts_ = false;  ///< the last returned payload is in them
  std::array<unsigned char, 4> mask_{};
};

}  // namespace engineio
