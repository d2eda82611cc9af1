// Socket.IO packets (protocol v5, "Packet encoding") from clients, decoded without copying. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "realtime-server/socketio/json_cursor.hpp"

namespace socketio {

enum class PacketType : std::uint8_t {
  kConnect = 0,
  kDisconnect = 1,
  kEvent = 2,
  kAck = 3,
  kConnectError = 4,
  kBinaryEvent = 5,
  kBinaryAck = 6,
};

inline constexpr std::size_t kMaxAttachments = 10;
inline constexpr std::size_t kMaxArguments = 10'000;
inline constexpr std::size_t kLongestNamespace = 128;  ///< bytes
inline constexpr std::size_t kLongestAckId = 15;       ///< digits, which every language represents exactly

/// Events that a client may not send because the client libraries reserve them.
inline constexpr std::array<std::string_view, 6> kReservedEvents{"connect",       "connect_error", "disconnect",
                                                                 "disconnecting", "newListener",   "removeListener"};

/// A decoded packet. The views point into the text that was decoded.
struct Packet {
  PacketType type = PacketType::kEvent;
  std::uint32_t attachments = 0;
  std::string_view nsp = "/";
  std::string_view id{};                    ///< digits of the acknowledgement id; empty: none
  std::string_view auth{};                  ///< of kConnect: the raw object; empty: none
  std::string_view event{};                 ///< of events: the raw first element, a string with quotes or a number
  std::vector<std::string_view> args{};     ///< of events and acknowledgements: raw values
  std::vector<Placeholder> placeholders{};  ///< of binary packets: where attachments belong, as offsets into the text

  bool is_event() const { return type == PacketType::kEvent || type == PacketType::kBinaryEvent; }
};

/// Why a text is not a valid packet.
enum class PacketError : std::uint8_t {
  kNone,
  kEmpty,
  kUnknownType,
  kBadAttachments,  ///< not 1 to 10 of them in a binary packet, or some in another
  kBadNamespace,    ///< too long, or not UTF-8
  kBadAckId,
  kBadPayload,  ///< not the JSON that this type requires
  kInvalidUtf8,
  kBadEvent,        ///< the first element is neither a string nor a number, or a reserved name
  kBadPlaceholder,  ///< refers to an attachment that does not exist
  kTooManyArguments,
  kTooLarge,  ///< with its attachments
};

/// Reads one packet into `packet`, whose vectors are reused. Validates all of it in one pass.
PacketError decode(std::string_view text, Packet& packet);

}  // namespace socketio
