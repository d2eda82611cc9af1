// Checks what Redis sends (RESP2) against limits before hiredis buffers it: hiredis allocates what a header announces.
// A bulk string over its limit is replaced by nil, so that one huge message costs neither memory nor the connection;
// everything else over a limit is a fault. No I/O; owned by a ReplyReader, one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace redis {

struct RespLimits {
  std::size_t bulk_bytes = std::size_t{64} << 20U;
  std::size_t line_bytes = std::size_t{64} << 10U;  ///< of a status, an error or an integer, including the line end
  std::size_t elements = 1024;                      ///< of all arrays of one reply together
  std::size_t depth = 4;                            ///< of arrays in arrays; at most RespGuard::kMaxDepth
  /// The largest bulk that is skipped instead of closing the connection: Redis' own default limit (proto-max-bulk-len).
  std::uint64_t skipped_bytes = std::uint64_t{512} << 20U;
};

/// Why a stream of replies cannot continue.
enum class RespFault {
  kUnknownType,
  kBadLength,
  kBadBulkEnd,
  kLineTooLong,
  kBulkTooLong,
  kReplyTooLarge,
  kTooManyElements,
  kTooDeep,
};

struct RespFaultInfo {
  RespFault fault;
  core::ErrorKind kind;
  std::string_view name;     ///< for logs
  std::string_view message;  ///< completes "Redis sent …"
};

/// The catalogue of faults.
inline constexpr std::array<RespFaultInfo, 8> kRespFaults{{
    {RespFault::kUnknownType, core::ErrorKind::kMalformed, "unknown_type", "a reply of an unknown type"},
    {RespFault::kBadLength, core::ErrorKind::kMalformed, "bad_length", "a length that is not a number"},
    {RespFault::kBadBulkEnd, core::ErrorKind::kMalformed, "bad_bulk_end",
     "a bulk string that is longer than announced"},
    {RespFault::kLineTooLong, core::ErrorKind::kTooLarge, "line_too_long", "a line over the limit"},
    {RespFault::kBulkTooLong, core::ErrorKind::kTooLarge, "bulk_too_long", "a bulk string too long to be skipped"},
    {RespFault::kReplyTooLarge, core::ErrorKind::kTooLarge, "reply_too_large", "a reply over the limit in total"},
    {RespFault::kTooManyElements, core::ErrorKind::kTooLarge, "too_many_elements", "a reply of too many elements"},
    {RespFault::kTooDeep, core::ErrorKind::kTooLarge, "too_deep", "arrays nested too deep"},
}};

const RespFaultInfo& fault_info(RespFault fault);

class RespGuard {
 public:
  static constexpr std::size_t kMaxDepth = 7;  // as hiredis'
  /// Receives the bytes that pass; valid during the call.
  using Sink = std::function<void(std::string_view)>;

  explicit RespGuard(const RespLimits& limits) : limits_{limits} {}

  /// Checks the next bytes of the stream, split anywhere, and passes on what is allowed. A bulk's header is held back
  /// until it is complete. Do not call it again after a fault; what came before the fault was passed on.
  tl::expected<void, RespFault> pass(std::string_view bytes, const Sink& sink);

  /// Number of skipped bulks, and the announced size of the last one.
  std::uint64_t skipped() const { return skipped_; }
  std::uint64_t last_skipped_bytes() const { return last_skipped_bytes_; }

 private:
  enum class Place { kStart, kHeader, kLine, kBulk, kBulkEnd };
  /// The next piece of the stream: its size, and what is passed on: the piece itself, a replacement, or nothing.
  struct Piece {
    std::size_t size;
    bool as_is;
    std::string_view instead = {};
  };
  using Taken = tl::expected<Piece, RespFault>;

  Taken take(std::string_view bytes);
  Taken take_header(std::string_view bytes);
  Taken take_line(std::string_view bytes);
  Taken take_bulk(std::string_view bytes);
  Taken take_bulk_end(std::string_view bytes);
  /// Handles a whole header. True if it passes unchanged, false if its bulk is skipped.
  tl::expected<bool, RespFault> read_header(std::string_view header);
  tl::expected<bool, RespFault> begin_bulk(std::uint64_t length);
  tl::expected<bool, RespFault> begin_array(std::uint64_t length);
  void end_value();

  RespLimits limits_;
  Place place_ = Place::kStart;
  std::string held_;             // an incomplete header
  std::size_t line_bytes_ = 0;   // of the current line so far
  bool after_cr_ = false;        // the current line, or bulk's end, so far ends with CR
  std::uint64_t bulk_left_ = 0;  // of the current bulk
  bool skipping_ = false;        // the current bulk is skipped
  std::size_t reply_bytes_ = 0;  // of the current reply: bulks that pass, and lines
  std::size_t reply_elements_ = 0;
  std::size_t depth_ = 0;
  std::array<std::uint64_t, kMaxDepth> left_{};  // elements due in each open array
  std::uint64_t skipped_ = 0;
  std::uint64_t last_skipped_bytes_ = 0;
};

}  // namespace redis
