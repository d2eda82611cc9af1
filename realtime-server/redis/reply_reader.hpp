// Turns bytes from Redis into replies: hiredis' reader behind a RespGuard, which builds Reply values directly. No I/O;
// owned by a Connection, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "realtime-server/redis/resp_guard.hpp"

namespace redis {

/// One reply (RESP2).
struct Reply {
  enum class Type { kNil, kInteger, kStatus, kError, kBulk, kArray };

  Type type = Type::kNil;
  std::int64_t integer = 0;     ///< of kInteger
  std::string text;             ///< of kStatus, kError (without the "-") and kBulk
  std::vector<Reply> elements;  ///< of kArray
};

class ReplyReader {
 public:
  /// Receives a whole reply, valid during the call. Return false to stop reading, for example because the connection
  /// was closed.
  using Sink = std::function<bool(const Reply&)>;

  explicit ReplyReader(const RespLimits& limits);
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  /// Reads more bytes. Fails with kMalformed or kTooLarge if the stream is unusable. Do not call it again after that,
  /// or after the sink returned false.
  core::Result<void> read(std::string_view bytes, const Sink& sink);

  /// Number of bulk strings over the limit, which appear as nil in the replies, and the size of the last one.
  std::uint64_t skipped() const { return guard_.skipped(); }
  std::uint64_t last_skipped_bytes() const { return guard_.last_skipped_bytes(); }

 private:
  struct State;

  core::Result<bool> drain(const Sink& sink);

  RespGuard guard_;
  std::unique_ptr<State> state_;
};

}  // namespace redis
