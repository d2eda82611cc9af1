#include "realtime-server/socketio/packet.hpp"

#include <algorithm>
#include <charconv>

#include "core/utf8.hpp"
#include "realtime-server/socketio/json_string.hpp"

namespace socketio {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

bool is_binary(PacketType type) { return type == PacketType::kBinaryEvent || type == PacketType::kBinaryAck; }

PacketError take_attachments(std::string_view& text, Packet& packet) {
  if (!is_binary(packet.type)) return PacketError::kNone;
  const auto digits = take_digits(text);
  if (digits.empty() || digits.size() > 2 || !text.starts_with('-')) return PacketError::kBadAttachments;
  text.remove_prefix(1);
  std::from_chars(digits.data(), digits.data() + digits.size(), packet.attachments);
  return packet.attachments >= 1 && packet.attachments <= kMaxAttachments ? PacketError::kNone
                                                                          : PacketError::kBadAttachments;
}

PacketError take_namespace(std::string_view& text, Packet& packet) {
  if (!text.starts_with('/')) return PacketError::kNone;
  const auto end = text.find(',');
  packet.nsp = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return packet.nsp.size() <= kLongestNamespace && core::is_utf8(packet.nsp) ? PacketError::kNone
                                                                             : PacketError::kBadNamespace;
}

PacketError error_of(const JsonCursor& cursor) {
  return cursor.error() == JsonError::kBadUtf8 ? PacketError::kInvalidUtf8 : PacketError::kBadPayload;
}

PacketError decode_auth(std::string_view text, Packet& packet) {
  if (text.empty()) return PacketError::kNone;
  JsonCursor cursor{text};
  if (cursor.peek() != JsonKind::kObject) return PacketError::kBadPayload;
  const auto value = cursor.value();
  if (!value || !cursor.finish()) return error_of(cursor);
  packet.auth = *value;
  return PacketError::kNone;
}

bool is_reserved(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) {
    const auto name = raw.substr(1, raw.size() - 2);
    return std::find(kReservedEvents.begin(), kReservedEvents.end(), name) != kReservedEvents.end();
  }
  const auto name = unescape(raw);
  return std::any_of(kReservedEvents.begin(), kReservedEvents.end(), [&](auto reserved) { return name == reserved; });
}

/// The first element of an event's array.
PacketError take_event(JsonCursor& cursor, Packet& packet) {
  if (!cursor.next_element()) return cursor.failed() ? error_of(cursor) : PacketError::kBadEvent;
  const auto kind = cursor.peek();
  const auto name = cursor.value();
  if (!name) return error_of(cursor);
  if (kind != JsonKind::kString && kind != JsonKind::kNumber) return PacketError::kBadEvent;
  if (kind == JsonKind::kString && is_reserved(*name)) return PacketError::kBadEvent;
  packet.event = *name;
  return PacketError::kNone;
}

PacketError decode_array(std::string_view whole, std::string_view json, Packet& packet) {
  JsonCursor cursor{json, is_binary(packet.type) ? &packet.placeholders : nullptr};
  if (cursor.peek() != JsonKind::kArray || !cursor.enter_array()) return error_of(cursor);
  if (packet.is_event())
    if (const auto error = take_event(cursor, packet); error != PacketError::kNone) return error;
  while (cursor.next_element()) {
    const auto value = cursor.value();
    if (!value) return error_of(cursor);
    if (packet.args.size() == kMaxArguments) return PacketError::kTooManyArguments;
    packet.args.push_back(*value);
  }
  if (cursor.failed() || !cursor.finish()) return error_of(cursor);
  if (cursor.has_false_placeholder()) return PacketError::kBadPlaceholder;
  const auto shift = static_cast<std::size_t>(json.data() - whole.data());
  for (auto& placeholder : packet.placeholders) {
    if (placeholder.num >= packet.attachments) return PacketError::kBadPlaceholder;
    placeholder.begin += shift;
    placeholder.end += shift;
  }
  return PacketError::kNone;
}

void clear(Packet& packet) {
  packet.attachments = 0;
  packet.nsp = "/";
  packet.id = packet.auth = packet.event = {};
  packet.args.clear();
  packet.placeholders.clear();
}

}  // namespace

PacketError decode(std::string_view text, Packet& packet) {
  clear(packet);
  const auto whole = text;
  if (text.empty()) return PacketError::kEmpty;
  if (text.front() < '0' || text.front() > '6') return PacketError::kUnknownType;
  packet.type = static_cast<PacketType>(text.front() - '0');
  text.remove_prefix(1);
  if (const auto error = take_attachments(text, packet); error != PacketError::kNone) return error;
  if (const auto error = take_namespace(text, packet); error != PacketError::kNone) return error;
  packet.id = take_digits(text);
  if (packet.id.size() > kLongestAckId) return PacketError::kBadAckId;
  switch (packet.type) {
    case PacketType::kConnect:
      return decode_auth(text, packet);
    case PacketType::kDisconnect:
      return text.empty() ? PacketError::kNone : PacketError::kBadPayload;
    case PacketType::kConnectError:
      return PacketError::kUnknownType;  // sent by servers only
    default:
      return decode_array(whole, text, packet);
  }
}

}  // namespace socketio
