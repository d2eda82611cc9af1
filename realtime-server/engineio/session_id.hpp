// Session ids: 20 characters that name their owner (replica and shard) in 24 bits that grant nothing, followed by 96
// random bits. Ids of Engine.IO sessions and of Socket.IO sockets have the same form; Node's adapters tell ids by that
// length.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace engineio {

/// Who made an id. The replica is a number drawn from its name, which is no secret and need not be unique.
struct Owner {
  std::uint16_t replica = 0;
  std::uint8_t shard = 0;
  auto operator<=>(const Owner&) const = default;
};

class SessionId {
 public:
  static constexpr std::size_t kLength = 20;

  /// The id that has this text: exactly 20 characters of the URL-safe Base64 alphabet.
  static std::optional<SessionId> parse(std::string_view text);

  std::string_view text() const { return {text_.data(), text_.size()}; }
  Owner owner() const;
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

/// Makes ids. Owned by a shard; takes random bytes from the system in batches.
class SessionIds {
 public:
  explicit SessionIds(Owner owner) : owner_{owner} {}

  /// A new id. Throws std::runtime_error if the system gives no random bytes.
  SessionId next();

 private:
  Owner owner_;
  std::array<unsigned char, 3072> random_{};  ///< 256 ids
  std::size_t used_ = sizeof random_;
};

/// The replica's number, from its name.
std::uint16_t replica_number(std::string_view name);

/// The owner as it is named to clients whose request reached another replica: opaque, stable for a replica and shard.
std::array<char, 4> owner_text(const SessionId& id);

}  // namespace engineio
