// What one client says, message after message: pieces of the input up to U+001E, binary ones with a `b` before them.
// What is put together of them is what was said, lies in it, and says the same again when it is encoded for others.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/utf8.hpp"
#include "realtime-server/socketio/assembler.hpp"
#include "realtime-server/socketio/encoder.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/support/outlets.hpp"

namespace {

using socketio::Assembled;
using socketio::Packet;
using socketio::PacketError;
using socketio::PacketType;

/// For a packet with its attachments; small, so that it is met.
constexpr std::size_t kMax = 256;

bool lies_in(std::string_view view, std::string_view text) {
  return view.data() >= text.data() && view.data() + view.size() <= text.data() + text.size();
}

bool is_binary(const Packet& packet) {
  return packet.type == PacketType::kBinaryEvent || packet.type == PacketType::kBinaryAck;
}

void check_value(std::string_view value, std::string_view text) {
  FUZZ_CHECK(lies_in(value, text));
  socketio::JsonCursor cursor{value};
  const auto whole = cursor.value();
  FUZZ_CHECK(whole && *whole == value && cursor.finish());
}

void check_placeholders(const Packet& packet, std::string_view text) {
  FUZZ_CHECK(packet.placeholders.empty() || is_binary(packet));
  std::size_t last = 0;
  for (const auto& placeholder : packet.placeholders) {
    FUZZ_CHECK(placeholder.begin >= last && placeholder.begin < placeholder.end && placeholder.end <= text.size());
    FUZZ_CHECK(placeholder.num < packet.attachments);
    last = placeholder.end;
    const auto stands_in = [&](std::string_view argument) {
      return lies_in(text.substr(placeholder.begin, placeholder.end - placeholder.begin), argument);
    };
    FUZZ_CHECK(std::count_if(packet.args.begin(), packet.args.end(), stands_in) == 1);
  }
}

void check_packet(const Packet& packet, std::string_view text) {
  FUZZ_CHECK(packet.nsp == "/" || (lies_in(packet.nsp, text) && packet.nsp.starts_with('/')));
  FUZZ_CHECK(packet.nsp.size() <= socketio::kLongestNamespace && core::is_utf8(packet.nsp));
  FUZZ_CHECK(packet.id.empty() || lies_in(packet.id, text));
  FUZZ_CHECK(packet.id.size() <= socketio::kLongestAckId);
  FUZZ_CHECK(std::all_of(packet.id.begin(), packet.id.end(), [](char c) { return c >= '0' && c <= '9'; }));
  FUZZ_CHECK((packet.attachments > 0) == is_binary(packet) && packet.attachments <= socketio::kMaxAttachments);
  FUZZ_CHECK(packet.event.empty() != packet.is_event());
  if (packet.is_event()) check_value(packet.event, text);
  if (!packet.auth.empty()) check_value(packet.auth, text);
  for (const auto argument : packet.args) check_value(argument, text);
  check_placeholders(packet, text);
}

/// Our packet for others: its text, and its attachments with "<binary>" before them.
std::vector<std::string> encoded(const Packet& packet, std::span<const std::string> attachments) {
  engineio::ChunkArena arena;
  socketio::Encoder encoder{arena};
  std::vector<std::string_view> pieces;
  for (const auto argument : packet.args) {
    if (!pieces.empty()) pieces.emplace_back(",");
    pieces.push_back(argument);
  }
  const std::vector<std::string_view> bytes(attachments.begin(), attachments.end());
  std::uint64_t id = 0;
  std::from_chars(packet.id.data(), packet.id.data() + packet.id.size(), id);
  support::Turn turn;
  support::KeptOutlet outlet{turn};
  if (packet.type == PacketType::kConnect)
    encoder.connected(packet.nsp, "AAAAAAAAAAAAAAAAAAAA").send_to(outlet);
  else if (packet.type == PacketType::kDisconnect)
    encoder.disconnected(packet.nsp).send_to(outlet);
  else if (packet.is_event())
    encoder.event({.nsp = packet.nsp, .event = packet.event, .args = pieces, .attachments = bytes}, id).send_to(outlet);
  else
    encoder.acknowledgement(packet.nsp, packet.id, pieces, bytes).send_to(outlet);
  return outlet.taken();
}

void check_echo(const Packet& packet, std::span<const std::string> attachments) {
  const auto frames = encoded(packet, attachments);
  FUZZ_CHECK(frames.size() == 1 + attachments.size() && frames[0].starts_with('4'));
  for (std::size_t i = 0; i < attachments.size(); ++i) FUZZ_CHECK(frames[1 + i] == "<binary>" + attachments[i]);
  const auto text = std::string_view{frames[0]}.substr(1);
  Packet again;
  FUZZ_CHECK(socketio::decode(text, again) == PacketError::kNone);
  check_packet(again, text);
  FUZZ_CHECK(again.type == packet.type && again.attachments == packet.attachments && again.nsp == packet.nsp);
  FUZZ_CHECK(again.event == packet.event && again.args == packet.args);
  const auto same_num = [](const auto& a, const auto& b) { return a.num == b.num; };
  FUZZ_CHECK(std::equal(again.placeholders.begin(), again.placeholders.end(), packet.placeholders.begin(),
                        packet.placeholders.end(), same_num));
  if (packet.type == PacketType::kAck || packet.type == PacketType::kBinaryAck) FUZZ_CHECK(again.id == packet.id);
}

/// One client's messages, and what is to become of them.
class Client {
 public:
  /// False if the client would be closed.
  bool says(std::string_view text) {
    const auto whole = assembler_.on_text(text, scratch_, kMax);
    Packet alone;
    const auto error = socketio::decode(text, alone);
    if (due_ > 0) FUZZ_CHECK(whole.error == PacketError::kBadAttachments);
    if (due_ == 0 && error != PacketError::kNone) FUZZ_CHECK(whole.error == error);
    if (whole.error != PacketError::kNone) return false;
    if (alone.attachments == 0) {
      FUZZ_CHECK(whole.packet != nullptr && whole.text.data() == text.data() && whole.attachments.empty());
      check_packet(*whole.packet, text);
      check_echo(*whole.packet, {});
      return true;
    }
    FUZZ_CHECK(whole.packet == nullptr && text.size() <= kMax);
    due_ = alone.attachments;
    said_ = text;
    attached_.clear();
    return true;
  }

  bool attaches(std::string_view bytes) {
    const auto whole = assembler_.on_binary(bytes, kMax);
    if (due_ == 0) FUZZ_CHECK(whole.error == PacketError::kBadAttachments);
    if (whole.error != PacketError::kNone) return false;
    attached_.emplace_back(bytes);
    if (--due_ > 0) {
      FUZZ_CHECK(whole.packet == nullptr);
      return true;
    }
    FUZZ_CHECK(whole.packet != nullptr && whole.text == said_);
    std::size_t total = said_.size();
    for (const auto& attachment : attached_) total += attachment.size();
    FUZZ_CHECK(total <= kMax);
    FUZZ_CHECK(std::equal(attached_.begin(), attached_.end(), whole.attachments.begin(), whole.attachments.end()));
    check_packet(*whole.packet, whole.text);
    check_echo(*whole.packet, whole.attachments);
    assembler_.release();
    return true;
  }

 private:
  socketio::Assembler assembler_;
  Packet scratch_;
  std::size_t due_ = 0;
  std::string said_;
  std::vector<std::string> attached_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  Client client;
  for (bool goes_on = true; goes_on;) {
    const auto message = rest.substr(0, rest.find('\x1e'));
    goes_on = message.size() < rest.size();
    rest.remove_prefix(std::min(message.size() + 1, rest.size()));
    // Memory of its own, that dies with the read, as a client's messages do.
    const auto bytes = std::make_unique<char[]>(message.size());
    std::copy(message.begin(), message.end(), bytes.get());
    const std::string_view read{bytes.get(), message.size()};
    if (!(read.starts_with('b') ? client.attaches(read.substr(1)) : client.says(read))) return 0;
  }
  return 0;
}
