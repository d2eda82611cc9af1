// WebSocket frames as the realtime server reads and writes them, for tests/conformance/test_frames.py. An event is its
// kind (t text, b binary, p ping, o pong, c close, e error, whose payload is its reason), the length of its payload as
// four bytes, least significant first, and the payload; a stream is its length and its bytes.
//   frame-codec decode PIECE    streams of clients, each in reads of PIECE bytes at most -> their events, each stream's
//                               followed by an event of kind `.`
//   frame-codec encode          events -> our frames
#include <array>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>

#include "realtime-server/engineio/packet.hpp"

namespace {

using engineio::Incoming;
using engineio::Opcode;

constexpr std::size_t kMax = 1'000'000;
constexpr std::string_view kKinds = ".tbpoce";  // in the order of Incoming::Kind

bool read_sized(std::istream& in, std::string& bytes) {
  std::array<char, 4> head{};
  if (!in.read(head.data(), head.size())) return false;
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < head.size(); ++i)
    size |= std::uint32_t{static_cast<unsigned char>(head.at(i))} << (8 * i);
  bytes.resize(size);
  return static_cast<bool>(in.read(bytes.data(), size));
}

void write_event(std::ostream& out, char kind, std::string_view payload) {
  out.put(kind);
  for (unsigned i = 0; i < 4; ++i) out.put(static_cast<char>(payload.size() >> (8 * i)));
  out.write(payload.data(), static_cast<std::streamsize>(payload.size()));
}

void decode(std::span<char> stream, std::size_t piece, std::ostream& out) {
  engineio::FrameReader reader{kMax};
  while (!stream.empty()) {
    auto bytes = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(bytes.size());
    while (true) {
      const auto incoming = reader.next(bytes);
      if (incoming.kind == Incoming::Kind::kNothing) break;
      const bool failed = incoming.kind == Incoming::Kind::kError;
      write_event(out, kKinds.at(static_cast<std::size_t>(incoming.kind)),
                  failed ? engineio::info_of(incoming.error).name : incoming.payload);
      if (failed) return;
    }
  }
}

engineio::Range encode(engineio::ChunkArena& arena, char kind, std::string_view payload) {
  switch (kind) {
    case 't':  // the packet's type is the text's first character
      return engineio::encode_text(arena, static_cast<engineio::PacketType>(payload.at(0)),
                                   std::array{payload.substr(1)});
    case 'b':
      return engineio::encode_binary(arena, payload);
    case 'p':
      return engineio::encode_control(arena, Opcode::kPing, payload);
    case 'o':
      return engineio::encode_control(arena, Opcode::kPong, payload);
    default:
      return engineio::encode_control(arena, Opcode::kClose, payload);
  }
}

int run(std::string_view job, std::size_t piece) {
  std::string bytes;
  if (job == "decode") {
    while (read_sized(std::cin, bytes)) {
      decode(bytes, piece, std::cout);
      write_event(std::cout, '.', {});
    }
  } else {
    engineio::ChunkArena arena;
    char kind = 0;
    while (std::cin.get(kind) && read_sized(std::cin, bytes)) {
      const auto frame = encode(arena, kind, bytes);
      std::cout.write(frame.begin(), frame.length);
    }
  }
  return std::cout.flush() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::span arguments{argv, static_cast<std::size_t>(argc)};
  if (arguments.size() < 2) return 2;
  return run(arguments[1], arguments.size() > 2 ? std::stoul(arguments[2]) : SIZE_MAX);
}
