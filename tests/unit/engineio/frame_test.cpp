#include "realtime-server/engineio/frame.hpp"

#include <utility>

#include "tests/support/catch.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/heap.hpp"

using engineio::CloseReason;
using engineio::FrameReader;
using engineio::Incoming;
using engineio::Opcode;
using frames::Event;
using Kind = Incoming::Kind;

namespace {

constexpr std::size_t kMax = 1'000'000;

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 256);
  return bytes;
}

struct Stream {
  std::string bytes;
  std::vector<Event> events;

  void add(const std::string& frame) { bytes += frame; }
  void add(const std::string& frame, Event event) {
    bytes += frame;
    events.push_back(std::move(event));
  }
};

/// A bit of everything that a client may send.
Stream everything() {
  Stream stream;
  stream.add(frames::text("4hello"), frames::message("4hello"));
  stream.add(frames::text(""), frames::message(""));
  stream.add(frames::binary(pattern(130)), frames::binary_message(pattern(130)));
  stream.add(frames::text("first ", {.final = false, .mask = {1, 2, 3, 4}}));
  stream.add(frames::ping("in between"), {Kind::kPing, "in between"});
  stream.add(frames::from_client(0, "second ", {.final = false, .mask = {0xff, 0, 0x80, 9}}));
  stream.add(frames::from_client(10, ""), {Kind::kPong, ""});
  stream.add(frames::from_client(0, "", {.final = false}));
  stream.add(frames::ping(""), {Kind::kPing, ""});
  stream.add(frames::from_client(0, "third"), frames::message("first second third"));
  stream.add(frames::binary("", {.final = false}));
  stream.add(frames::from_client(0, pattern(140)), frames::binary_message(pattern(140)));
  stream.add(frames::text("last"), frames::message("last"));
  stream.add(frames::close(1001, "bye"), {Kind::kClose, "\x03\xe9" + std::string{"bye"}});
  return stream;
}

}  // namespace

TEST_CASE("A frame reader finds the same wherever a stream is cut", "[unit][engineio]") {
  const auto stream = everything();
  REQUIRE(frames::read_cut(stream.bytes, {}, kMax) == stream.events);

  SECTION("into two at every place") {
    for (std::size_t cut = 0; cut <= stream.bytes.size(); ++cut) {
      INFO("cut at " << cut);
      REQUIRE(frames::read_cut(stream.bytes, {cut}, kMax) == stream.events);
    }
  }
  SECTION("into three at every two places") {
    Stream small;
    small.add(frames::text("ab", {.final = false}));
    small.add(frames::ping("pq"), {Kind::kPing, "pq"});
    small.add(frames::from_client(0, "cde"), frames::message("abcde"));
    small.add(frames::close(1000), {Kind::kClose, "\x03\xe8"});
    for (std::size_t first = 0; first <= small.bytes.size(); ++first)
      for (auto second = first; second <= small.bytes.size(); ++second) {
        INFO("cut at " << first << " and " << second);
        REQUIRE(frames::read_cut(small.bytes, {first, second}, kMax) == small.events);
      }
  }
  SECTION("into single bytes") {
    std::vector<std::size_t> cuts;
    for (std::size_t cut = 1; cut < stream.bytes.size(); ++cut) cuts.push_back(cut);
    CHECK(frames::read_cut(stream.bytes, cuts, kMax) == stream.events);
  }
}

TEST_CASE("Payloads of every length are read, with each form of header", "[unit][engineio]") {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 255U, 256U, 65'535U, 65'536U, 65'537U, 200'000U}) {
    INFO(size << " bytes");
    const auto payload = pattern(size);
    const auto frame = frames::binary(payload);
    const std::vector expected{frames::binary_message(payload)};
    REQUIRE(frames::read_cut(frame, {}, kMax) == expected);
    for (std::size_t cut = 0; cut <= std::min<std::size_t>(frame.size(), 20); ++cut)
      REQUIRE(frames::read_cut(frame, {cut}, kMax) == expected);
  }
}

TEST_CASE("Masks fall on the right bytes at every alignment", "[unit][engineio]") {
  const auto payload = pattern(43);
  for (std::size_t size = 0; size <= payload.size(); ++size) {
    const auto expected = std::vector{frames::binary_message(payload.substr(0, size))};
    const auto frame = frames::binary(payload.substr(0, size), {.mask = {0x12, 0xff, 0x00, 0x81}});
    for (std::size_t offset = 0; offset < 8; ++offset) {
      std::string buffer = std::string(offset, '\0') + frame;
      std::span<char> left{buffer.data() + offset, frame.size()};
      FrameReader reader{kMax};
      const auto incoming = reader.next(left);
      REQUIRE(incoming.payload == expected[0].payload);
    }
    for (std::size_t cut = 6; cut < frame.size(); ++cut) REQUIRE(frames::read_cut(frame, {cut}, kMax) == expected);
  }
}

TEST_CASE("A message that arrives whole is returned without a copy", "[unit][engineio]") {
  auto bytes = frames::text("4hello") + frames::text("4there");
  std::span<char> left{bytes};
  FrameReader reader{kMax};
  const auto before = heap::in_use();
  const auto incoming = reader.next(left);
  const auto after = heap::in_use();
  CHECK(after == before);
  CHECK(incoming.payload.data() == bytes.data() + 6);
  CHECK(reader.next(left).payload == "4there");
  CHECK(left.empty());
  CHECK(reader.next(left).kind == Kind::kNothing);
}

TEST_CASE("What RFC 6455 forbids fails the connection, and says as what", "[unit][engineio]") {
  struct Case {
    std::string what;
    std::string bytes;
    CloseReason reason = CloseReason::kProtocolError;
  };
  std::vector<Case> cases{
      {"a frame that is not masked", frames::text("4", {.masked = false})},
      {"a control frame that is not masked", frames::from_client(9, "", {.masked = false})},
      {"a control frame that is not final", frames::from_client(9, "", {.final = false})},
      {"a close frame that is not final", frames::from_client(8, "", {.final = false})},
      {"a control frame of 126 bytes", frames::ping(pattern(126))},
      {"a control frame of 65,536 bytes", frames::announcing(10, 65'536)},
      {"a control frame with a long length that is short",
       frames::from_client(9, "a", {.size_bytes = 2, .shortest = false})},
      {"125 bytes counted in two", frames::binary(pattern(125), {.size_bytes = 2, .shortest = false})},
      {"no bytes counted in two", frames::binary("", {.size_bytes = 2, .shortest = false})},
      {"65,535 bytes counted in eight", frames::binary(pattern(65'535), {.size_bytes = 8, .shortest = false})},
      {"a byte counted in eight", frames::binary("a", {.size_bytes = 8, .shortest = false})},
      {"a length with the top bit", frames::announcing(2, 1ULL << 63U)},
      {"a length of all bits", frames::announcing(2, ~0ULL)},
      {"a continuation of nothing", frames::from_client(0, "a")},
      {"a continuation after a whole message", frames::text("4") + frames::from_client(0, "a")},
      {"a text within a message", frames::text("4", {.final = false}) + frames::text("5")},
      {"a binary within a text", frames::text("4", {.final = false}) + frames::binary("5", {.final = false})},
      {"a close frame of one byte", frames::from_client(8, "\x03")},
      {"a close reason that is not UTF-8", frames::close(1000, "\xff"), CloseReason::kInvalidUtf8},
      {"a message over the bound", frames::announcing(1, kMax + 1), CloseReason::kMessageTooBig},
      {"a message of four exabytes", frames::announcing(1, 1ULL << 62U), CloseReason::kMessageTooBig},
      {"a fragment that exceeds the bound with those before it",
       frames::binary(pattern(600'000), {.final = false}) + frames::from_client(0, pattern(300'000), {.final = false}) +
           frames::announcing(0, 100'001),
       CloseReason::kMessageTooBig},
      {"a first fragment over the bound", frames::announcing(2, kMax + 1, false), CloseReason::kMessageTooBig}};
  for (unsigned bits = 1; bits < 8; ++bits)
    cases.push_back({"reserved bits " + std::to_string(bits), frames::text("4", {.reserved = bits})});
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U})
    cases.push_back({"opcode " + std::to_string(opcode), frames::from_client(opcode, "a")});

  for (const auto& [what, bytes, reason] : cases) {
    INFO(what);
    // What came before counts, and nothing that comes after.
    const auto stream = frames::text("before") + bytes + frames::text("after");
    const std::vector whole = frames::read_cut(stream, {}, kMax);
    REQUIRE(whole.size() >= 2);
    CHECK(whole.front() == frames::message("before"));
    CHECK(whole.back() == frames::failure(reason));
    std::vector<std::size_t> cuts;
    for (std::size_t cut = 1; cut < std::min<std::size_t>(stream.size(), 600); ++cut) cuts.push_back(cut);
    CHECK(frames::read_cut(stream, cuts, kMax) == whole);
  }
}

TEST_CASE("A message may be exactly as large as the bound, in one frame or several", "[unit][engineio]") {
  const auto payload = pattern(1000);
  CHECK(frames::read_cut(frames::binary(payload), {}, 1000) == std::vector{frames::binary_message(payload)});
  const auto parts = frames::binary(payload.substr(0, 999), {.final = false}) + frames::ping(std::string(125, 'p')) +
                     frames::from_client(0, payload.substr(999));
  CHECK(frames::read_cut(parts, {}, 1000).back() == frames::binary_message(payload));
  // The bound is of messages: control frames are small by themselves.
  CHECK(frames::read_cut(frames::ping(std::string(125, 'p')), {}, 10).back().kind == Kind::kPing);
  CHECK(frames::read_cut(frames::text(std::string(11, 'a')), {}, 10).back() ==
        frames::failure(CloseReason::kMessageTooBig));
}

TEST_CASE("A close frame carries a status that may be sent, and a reason in UTF-8", "[unit][engineio]") {
  const auto kind_of = [](const std::string& frame) { return frames::read_cut(frame, {}, kMax).back().kind; };
  CHECK(kind_of(frames::from_client(8, "")) == Kind::kClose);
  for (const unsigned status : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U, 1013U, 1014U,
                                3000U, 3999U, 4000U, 4999U}) {
    INFO(status);
    CHECK(kind_of(frames::close(status)) == Kind::kClose);
    CHECK(kind_of(frames::close(status, "why")) == Kind::kClose);
  }
  for (const unsigned status : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65'535U}) {
    INFO(status);
    CHECK(kind_of(frames::close(status)) == Kind::kError);
  }
  for (const std::string reason : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                                   "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xe2\x82\xac z"})
    CHECK(kind_of(frames::close(1000, reason)) == Kind::kClose);
  for (const std::string reason : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z", "\xe0\x9f\xbf", "\xe2\x82",
                                   "\xe2\x82z", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80",
                                   "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "good\xff"})
    CHECK(frames::read_cut(frames::close(1000, reason), {}, kMax).back() == frames::failure(CloseReason::kInvalidUtf8));
}

TEST_CASE("A frame reader holds only what has come of a message, and only until it is complete", "[unit][engineio]") {
  FrameReader reader{kMax};
  std::ptrdiff_t held = 0;
  const auto take = [&](std::string bytes) {
    std::span<char> left{bytes};
    const auto before = heap::in_use();
    while (reader.next(left).kind != Kind::kNothing) {
    }
    return held += static_cast<std::ptrdiff_t>(heap::in_use() - before);
  };
  SECTION("an announced size costs nothing") {
    CHECK(take(frames::announcing(2, kMax)) == 0);
    CHECK(take(std::string(1000, 'a')) < 4000);
  }
  SECTION("a message that follows its header is not copied") {
    const auto frame = frames::binary(pattern(50'000));
    CHECK(take(frame.substr(0, 8)) == 0);
    CHECK(take(frame.substr(8)) == 0);
  }
  SECTION("a message in parts is forgotten") {
    const auto frame = frames::binary(pattern(50'000));
    CHECK(take(frame.substr(0, 20'000)) >= 19'992);
    CHECK(take(frame.substr(20'000)) == 0);
  }
  SECTION("a message in fragments is forgotten, and control frames with it") {
    CHECK(take(frames::binary(pattern(5'000), {.final = false})) >= 5'000);
    const auto ping = frames::ping(std::string(100, 'p'));
    take(ping.substr(0, 50));
    CHECK(take(ping.substr(50)) >= 5'000);
    CHECK(take(frames::from_client(0, pattern(100))) == 0);
  }
  SECTION("an empty first fragment leaves nothing behind") {
    take(frames::binary("", {.final = false}));
    const auto ping = frames::ping("ping");
    take(ping.substr(0, 8));
    take(ping.substr(8));
    CHECK(take(frames::from_client(0, "the rest")) == 0);
  }
  SECTION("a control frame in parts is forgotten") {
    const auto ping = frames::ping(std::string(100, 'p'));
    CHECK(take(ping.substr(0, 50)) >= 44);
    CHECK(take(ping.substr(50)) == 0);
  }
}

TEST_CASE("Our frames have the smallest header that fits, and can be read back", "[unit][engineio]") {
  struct Case {
    std::size_t size;
    std::string header;
  };
  using namespace std::string_literals;
  const std::vector<Case> cases{{0, "\x82\x00"s},
                                {125, "\x82\x7d"s},
                                {126, "\x82\x7e\x00\x7e"s},
                                {65'535, "\x82\x7e\xff\xff"s},
                                {65'536, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s},
                                {0x0102030405, "\x82\x7f\x00\x00\x00\x01\x02\x03\x04\x05"s}};
  for (const auto& [size, header] : cases) {
    INFO(size << " bytes");
    CHECK(engineio::frame_header_size(size) == header.size());
    std::string written(10, '\0');
    char* end = engineio::write_frame_header(written.data(), Opcode::kBinary, size);
    written.resize(static_cast<std::size_t>(end - written.data()));
    CHECK(written == header);
    if (size > 100'000) continue;
    const auto bytes = header + pattern(size) + "what follows";
    const auto own = engineio::decode_own_frame(bytes);
    CHECK(own.opcode == Opcode::kBinary);
    CHECK((own.payload == pattern(size)));
    CHECK(own.size == header.size() + size);
  }
}
