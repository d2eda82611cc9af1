#include "tests/support/frames.hpp"

#include <algorithm>
#include <ostream>

namespace frames {

using engineio::CloseReason;
using engineio::Incoming;

namespace {

void put_number(std::string& to, unsigned long long number, std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;) to += static_cast<char>(number >> (8 * i) & 0xffU);
}

void put_header(std::string& to, unsigned opcode, unsigned long long size, const Shape& shape) {
  const std::size_t needed = size < 126 ? 0 : size < 65'536 ? 2 : 8;
  const auto size_bytes = shape.shortest ? std::min(needed, shape.size_bytes) : shape.size_bytes;
  put_number(to, (shape.final ? 0x80U : 0U) | shape.reserved << 4U | opcode, 1);
  const unsigned long long short_size = size_bytes == 0 ? size : size_bytes == 2 ? 126 : 127;
  put_number(to, (shape.masked ? 0x80U : 0U) | short_size, 1);
  put_number(to, size, size_bytes);
  if (shape.masked) to.append(reinterpret_cast<const char*>(shape.mask.data()), shape.mask.size());
}

}  // namespace

std::string from_client(unsigned opcode, std::string_view payload, const Shape& shape) {
  std::string frame;
  put_header(frame, opcode, payload.size(), shape);
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ (shape.masked ? shape.mask.at(i % 4) : 0U));
  return frame;
}

std::string close(unsigned status, std::string_view reason) {
  std::string payload;
  put_number(payload, status, 2);
  return from_client(8, payload.append(reason));
}

std::string announcing(unsigned opcode, unsigned long long size, bool final) {
  std::string header;
  put_header(header, opcode, size, {.final = final});
  return header;
}

std::ostream& operator<<(std::ostream& to, const Event& event) {
  static constexpr std::array kNames{"nothing", "text", "binary", "ping", "pong", "close", "error"};
  to << kNames.at(static_cast<std::size_t>(event.kind));
  if (event.kind == Incoming::Kind::kError) return to << " " << engineio::info_of(event.error).name;
  return to << " of " << event.payload.size() << " bytes: " << event.payload.substr(0, 40);
}

Event message(std::string_view payload) { return {Incoming::Kind::kText, std::string{payload}}; }
Event binary_message(std::string_view payload) { return {Incoming::Kind::kBinary, std::string{payload}}; }
Event failure(CloseReason reason) { return {Incoming::Kind::kError, {}, reason}; }

std::vector<Event> read(engineio::FrameReader& reader, std::string_view bytes) {
  std::vector<char> copy(bytes.begin(), bytes.end());  // of exactly this size: a sanitizer sees who goes beyond it
  std::span<char> left{copy};
  std::vector<Event> events;
  while (true) {
    const auto incoming = reader.next(left);
    if (incoming.kind == Incoming::Kind::kNothing) return events;
    events.push_back({incoming.kind, std::string{incoming.payload}, incoming.error});
    if (incoming.kind == Incoming::Kind::kError) return events;
  }
}

std::vector<Event> read_cut(std::string_view bytes, const std::vector<std::size_t>& cuts, std::size_t most) {
  engineio::FrameReader reader{most};
  std::vector<Event> events;
  std::size_t from = 0;
  const auto take = [&](std::size_t to) {
    const auto more = read(reader, bytes.substr(from, to - from));
    events.insert(events.end(), more.begin(), more.end());
    from = to;
    return events.empty() || events.back().kind != Incoming::Kind::kError;
  };
  for (const auto cut : cuts)
    if (!take(cut)) return events;
  take(bytes.size());
  return events;
}

std::vector<Own> own_in(std::string_view bytes) {
  std::vector<Own> found;
  while (bytes.size() >= 2) {
    const unsigned short_size = static_cast<unsigned char>(bytes[1]);
    const std::size_t header = short_size < 126 ? 2 : short_size == 126 ? 4 : 10;
    if (bytes.size() < header) break;
    const auto frame = engineio::decode_own_frame(bytes);
    if (bytes.size() < frame.size) break;
    found.push_back({frame.opcode, std::string{frame.payload}});
    bytes.remove_prefix(frame.size);
  }
  return found;
}

}  // namespace frames
