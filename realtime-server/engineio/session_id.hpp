// Session ids: 20 characters. The first 24 bits name the owner (replica and shard) and grant nothing; 96 random bits
// follow. Engine.IO sessions and Socket.IO sockets use the same form; Node's adapters recognize ids by that length.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace engineio {

/// Who created an id. The replica number is a hash of its name; it is not secret and need not be unique.
struct Owner {
  std::uint16_t replica = 0;
  std::uint8_t shard = 0;
};

class SessionId {
 public:
  static constexpr std::size_t kLength = 20;

  /// The id with this text: exactly 20 characters of the URL-safe Base64 alphabet.
  static std::optional<SessionId> parse(std::string_view text);

  std::string_view text() const { return {text_.data(), text_.size()}; }
  auto operator<=>(const SessionId&) const = default;

  /// Ids are random, so any of their characters make a hash; of the bits of a character only some are.
  struct Hash {
    using is_avalanching = void;
    std::size_t operator()(const SessionId& id) const {
      std::size_t bits = 0;
      std::memcpy(&bits, id.text_.data() + 8, sizeof bits);
      bits *= 0x9e3779b97f4a7c15U;
      return bits ^ bits >> 32U;
    }
  };

 private:
  friend class SessionIds;
  std::array<char, kLength> text_{};
};

/// Creates ids. Owned by a shard; reads random bytes from the system in batches.
class SessionIds {
 public:
  explicit SessionIds(Owner owner) : owner_{owner} {}

  /// A new id. Throws std::runtime_error if the system provides no random bytes.
  SessionId next();

 private:
  Owner owner_;
  std::array<unsigned char, 3072> random_{};  ///< 256 ids
  std::size_t used_ = sizeof random_;
};

/// The replica's number, from its name.
std::uint16_t replica_number(std::string_view name);

/// The owner as reported to clients whose request reached another replica: opaque, stable for a replica and shard.
std::array<char, 4> owner_text(const SessionId& id);

}  // namespace engineio
