// Frames as they come from a client, mutated, judged by our reader and by Boost.Beast's WebSocket. The only place that
// includes the latter.
#include <algorithm>
#include <random>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/beast/_experimental/test/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include "realtime-server/engineio/frame.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/frames.hpp"

namespace beast = boost::beast;
using engineio::Incoming;
using engineio::Opcode;

namespace {

constexpr std::size_t kMaxMessage = 1'000;

/// How one of the two reads a stream that ends.
struct Verdict {
  std::vector<frames::Own> messages;  ///< and the pongs that were sent for pings
  bool failed = false;
  unsigned status = 0;  ///< of the close frame that was sent, if there was one

  bool operator==(const Verdict&) const = default;
  void add(Opcode opcode, std::string payload) { messages.push_back({opcode, std::move(payload)}); }
  void fail(engineio::CloseReason reason) {
    failed = true;
    status = engineio::info_of(reason).websocket_code;
  }
};

unsigned status_in(std::string_view close) {
  if (close.size() < 2) return 1005;
  return static_cast<unsigned>(static_cast<unsigned char>(close[0])) << 8U | static_cast<unsigned char>(close[1]);
}

bool is_utf8(const std::string& text) { return beast::websocket::detail::check_utf8(text.data(), text.size()); }

/// Our reader, and the check of UTF-8 that the layer above makes for whole messages.
Verdict ours(const std::string& bytes) {
  Verdict verdict;
  engineio::FrameReader reader{kMaxMessage};
  for (const auto& [kind, payload, error] : frames::read(reader, bytes)) {
    switch (kind) {
      case Incoming::Kind::kText:
        if (!is_utf8(payload)) {
          verdict.fail(engineio::CloseReason::kInvalidUtf8);
          return verdict;
        }
        verdict.add(Opcode::kText, payload);
        break;
      case Incoming::Kind::kBinary:
        verdict.add(Opcode::kBinary, payload);
        break;
      case Incoming::Kind::kPing:
        verdict.add(Opcode::kPong, payload);
        break;
      case Incoming::Kind::kClose:
        verdict.status = status_in(payload);
        return verdict;
      case Incoming::Kind::kError:
        verdict.fail(error);
        return verdict;
      default:
        break;
    }
  }
  return verdict;
}

/// Beast as a server that got the handshake and these bytes.
Verdict beasts(const std::string& bytes) {
  boost::asio::io_context loop;
  beast::test::stream stream{loop};
  beast::test::stream peer{loop};
  stream.connect(peer);
  stream.append(
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" +
      bytes);
  stream.close_remote();
  beast::websocket::stream<beast::test::stream> socket{std::move(stream)};
  socket.read_message_max(kMaxMessage);
  boost::system::error_code error;
  socket.accept(error);
  REQUIRE_FALSE(error);
  peer.clear();

  Verdict verdict;
  std::size_t taken = 0;
  // The pongs that have been sent so far stand before the message that was read.
  const auto take_pongs = [&] {
    const auto sent = frames::own_in({peer.str().data(), peer.str().size()});
    for (; taken < sent.size(); ++taken) {
      if (sent[taken].opcode == Opcode::kPong) verdict.messages.push_back(sent[taken]);
      if (sent[taken].opcode == Opcode::kClose) verdict.status = status_in(sent[taken].payload);
    }
  };
  while (true) {
    beast::flat_buffer buffer;
    socket.read(buffer, error);
    take_pongs();
    if (error) break;
    const auto data = buffer.cdata();
    verdict.add(socket.got_text() ? Opcode::kText : Opcode::kBinary,
                {static_cast<const char*>(data.data()), data.size()});
  }
  verdict.failed = error != beast::websocket::error::closed && error != boost::asio::error::eof;
  return verdict;
}

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_{seed} {}

  std::string next() {
    frames_.clear();
    const auto count = 1 + below(5);
    for (std::size_t i = 0; i < count; ++i) add_message();
    if (below(3) == 0)
      frames_.push_back(below(4) == 0 ? frames::from_client(8, "") : frames::close(some_status(), some_text()));
    for (auto times = below(3); times > 0; --times) mutate_frames();
    std::string bytes;
    for (const auto& frame : frames_) bytes += frame;
    if (below(4) == 0) mutate_bytes(bytes);
    return bytes;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }

  frames::Shape shape(bool final) {
    frames::Shape shape{.final = final};
    for (auto& byte : shape.mask) byte = static_cast<unsigned char>(below(256));
    return shape;
  }

  std::string some_text() {
    static const std::array<std::string, 6> kTexts{
        "", "plain", "\xe2\x82\xac", "\xc3\xa9t\xc3\xa9", "\xf0\x9f\x98\x80!", "a\xed\xa0\x80"};
    return kTexts.at(below(kTexts.size()));
  }

  unsigned some_status() {
    static constexpr std::array kStatuses{1000U, 1001U, 1003U, 1007U, 1011U, 1013U, 1014U, 3000U,
                                          4999U, 5000U, 1004U, 1005U, 1015U, 2999U, 0U};
    return kStatuses.at(below(kStatuses.size()));
  }

  std::string some_payload() {
    static constexpr std::array<std::size_t, 10> kSizes{0, 1, 3, 20, 125, 126, 127, 300, 900, 1'001};
    std::string payload(kSizes.at(below(kSizes.size())), 'p');
    for (auto& byte : payload) byte = static_cast<char>('a' + below(26));
    return payload;
  }

  void add_message() {
    const bool text = below(2) == 0;
    const auto fragments = below(3) == 0 ? 2 + below(3) : 1;
    for (std::size_t i = 0; i < fragments; ++i) {
      if (below(5) == 0) frames_.push_back(frames::from_client(9U + static_cast<unsigned>(below(2)), some_text()));
      frames_.push_back(frames::from_client(i > 0  ? 0
                                            : text ? 1
                                                   : 2,
                                            below(2) == 0 ? some_text() : some_payload(), shape(i + 1 == fragments)));
    }
  }

  void mutate_frames() {
    auto& frame = frames_[below(frames_.size())];
    switch (below(7)) {
      case 0:  // the first two bytes say nearly everything
        frame[below(2)] ^= static_cast<char>(1U << below(8));
        break;
      case 1:
        frame[below(frame.size())] = static_cast<char>(below(256));
        break;
      case 2:
        frame.insert(below(frame.size()), 1, static_cast<char>(below(256)));
        break;
      case 3:
        frame.erase(below(frame.size()), 1);
        if (frame.empty()) frame = "\x81";
        break;
      case 4:
        std::swap(frame, frames_[below(frames_.size())]);
        break;
      case 5:
        frames_.insert(frames_.begin() + static_cast<std::ptrdiff_t>(below(frames_.size())), std::string{frame});
        break;
      default:  // a length of more bytes than it needs, or of another size
        frame = frames::from_client(static_cast<unsigned char>(frame[0]) & 15U, some_payload(),
                                    {.size_bytes = below(2) == 0 ? 2U : 8U, .shortest = below(2) == 0});
    }
  }

  void mutate_bytes(std::string& bytes) {
    if (bytes.empty()) return;
    if (below(2) == 0)
      bytes.resize(below(bytes.size()));
    else
      bytes[below(bytes.size())] ^= static_cast<char>(1U << below(8));
  }

  std::mt19937 random_;
  std::vector<std::string> frames_;
};

std::string hex(const std::string& bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += "0123456789abcdef"[byte >> 4U], text += "0123456789abcdef"[byte & 15U];
  return text;
}

std::string describe(const Verdict& verdict) {
  std::string text = verdict.failed ? "fail it with " : "take it, ";
  text += std::to_string(verdict.status);
  for (const auto& message : verdict.messages)
    text +=
        " [" + std::to_string(static_cast<int>(message.opcode)) + " " + std::to_string(message.payload.size()) + "]";
  return text;
}

std::vector<frames::Own> data_of(const Verdict& verdict) {
  std::vector<frames::Own> data;
  for (const auto& message : verdict.messages)
    if (message.opcode != Opcode::kPong) data.push_back(message);
  return data;
}

bool fails(const Verdict& verdict, unsigned status) { return verdict.failed && verdict.status == status; }

/// Where the two differ by intention: what is different, and how to recognize it.
struct Difference {
  std::string_view what;
  bool (*is_it)(const Verdict& ours, const Verdict& beasts);
};

const std::array kDifferences{
    // Section 8.1 leaves open when. We look at whole messages, so what else is wrong may come first.
    Difference{"Beast checks the UTF-8 of a text as it comes",
               [](const Verdict& ours, const Verdict& beasts) {
                 return fails(beasts, 1007) && data_of(ours) == data_of(beasts);
               }},
    // Seldom met by chance.
    Difference{"Beast takes a text that ends within a character, if its last fragment is empty",
               [](const Verdict& ours, const Verdict& beasts) {
                 const auto mine = data_of(ours);
                 const auto theirs = data_of(beasts);
                 return fails(ours, 1007) && mine.size() < theirs.size() &&
                        std::equal(mine.begin(), mine.end(), theirs.begin()) &&
                        theirs[mine.size()].opcode == Opcode::kText && !is_utf8(theirs[mine.size()].payload);
               }},
    // Section 7.4.2 ends at 4999.
    Difference{"Beast takes statuses from 5000",
               [](const Verdict& ours, const Verdict& beasts) {
                 return fails(ours, 1002) && !beasts.failed && beasts.status >= 5000 &&
                        ours.messages == beasts.messages;
               }},
    // Registered since, as ws has it.
    Difference{"Beast does not know status 1014",
               [](const Verdict& ours, const Verdict& beasts) {
                 return !ours.failed && ours.status == 1014 && fails(beasts, 1002) && ours.messages == beasts.messages;
               }},
    // Section 5.5.1: the status is typically echoed.
    Difference{"Beast answers a close frame without a status with 1000",
               [](const Verdict& ours, const Verdict& beasts) {
                 return !ours.failed && ours.status == 1005 && !beasts.failed && beasts.status == 1000 &&
                        ours.messages == beasts.messages;
               }},
    // Section 8.1 names 1007.
    Difference{"Beast fails a reason that is not UTF-8 with 1002",
               [](const Verdict& ours, const Verdict& beasts) {
                 return fails(ours, 1007) && fails(beasts, 1002) && ours.messages == beasts.messages;
               }},
    // Section 5.2: it must be 0.
    Difference{"Beast takes a length with the top bit for one that is too large",
               [](const Verdict& ours, const Verdict& beasts) {
                 return fails(ours, 1002) && fails(beasts, 1009) && ours.messages == beasts.messages;
               }},
};

}  // namespace

TEST_CASE("Beast judges mutated frames as we do", "[unit][engineio]") {
  Mutator mutator{6455};
  std::array<int, kDifferences.size()> different{};
  int refused = 0;
  constexpr int kInputs = 6'000;
  for (int i = 0; i < kInputs; ++i) {
    const auto bytes = i > 0 ? mutator.next() : frames::text("\xc3", {.final = false}) + frames::from_client(0, "");
    const auto mine = ours(bytes);
    const auto theirs = beasts(bytes);
    refused += mine.failed ? 1 : 0;
    if (mine == theirs) continue;
    const auto* difference = std::find_if(kDifferences.begin(), kDifferences.end(),
                                          [&](const Difference& known) { return known.is_it(mine, theirs); });
    INFO(hex(bytes) << "\nwe " << describe(mine) << "\nBeast " << describe(theirs));
    REQUIRE(difference != kDifferences.end());
    ++different.at(static_cast<std::size_t>(difference - kDifferences.begin()));
  }
  // The mutations reach both ends, and each difference is one.
  CHECK(refused > kInputs / 4);
  CHECK(refused < kInputs * 3 / 4);
  for (std::size_t i = 0; i < kDifferences.size(); ++i) {
    INFO(kDifferences.at(i).what);
    CHECK(different.at(i) > 0);
  }
}
