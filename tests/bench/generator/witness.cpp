// Clients that read everything while others attack the server, and say what came: numbered broadcasts, each sender's in
// order.
#include <charconv>
#include <cstdio>
#include <string_view>
#include <vector>

#include "tests/bench/frames.hpp"
#include "tests/bench/generator/client.hpp"
#include "tests/bench/generator/commands.hpp"
#include "tests/bench/generator/modes.hpp"

namespace bench {

namespace {

constexpr std::int64_t kOpeningTime = 120 * kSecond;
constexpr std::int64_t kClosingTime = 30 * kSecond;
constexpr std::string_view kHead = "42[\"response\",{\"echo\":";
constexpr std::string_view kTail = "}]";

class Witnesses final : public Crowd {
 public:
  Witnesses(Loop& loop, const Target& target, const Witness& options)
      : Crowd(loop, options.connections, clients_of(loop, target, false)),
        senders_(options.senders),
        next_(std::size_t{options.connections} * options.senders) {}

  /// The usual case: whole frames of numbered broadcasts.
  std::size_t take_frames(Session& session, std::string_view bytes, std::int64_t /*now*/) override {
    std::size_t taken = 0;
    while (bytes.size() - taken > 2 && bytes[taken] == '\x81') {
      const auto size = static_cast<std::uint8_t>(bytes[taken + 1]);
      if (size > 125 || bytes.size() - taken < 2U + size || !note(session, bytes.substr(taken + 2, size))) break;
      taken += 2U + size;
    }
    return taken;
  }
  void on_message(Session& session, std::string_view message, std::int64_t /*now*/) override {
    if (!note(session, message)) ++strange_;
  }

  void report() const {
    const auto row = [this](std::uint32_t client) { return next_.begin() + std::ptrdiff_t{client} * senders_; };
    std::int64_t least = -1;
    std::int64_t most = 0;
    for (std::uint32_t client = 0; client < size(); ++client) {
      std::int64_t sum = 0;
      for (auto next = row(client); next != row(client) + senders_; ++next) sum += *next;
      least = least < 0 ? sum : std::min(least, sum);
      most = std::max(most, sum);
    }
    std::printf(
        "{\"least\": %lld, \"most\": %lld, \"out_of_order\": %lld, \"strange\": %lld, \"joined\": %u, \"lost\": %u, "
        "\"why\": \"%s\"}\n",
        static_cast<long long>(least), static_cast<long long>(most), static_cast<long long>(out_of_order_),
        static_cast<long long>(strange_), joined(), lost(), why().c_str());
    std::fflush(stdout);
  }

 private:
  /// False if it is no numbered broadcast.
  bool note(Session& session, std::string_view message) {
    if (!message.starts_with(kHead) || !message.ends_with(kTail)) return false;
    std::uint64_t number = 0;
    const char* end = message.data() + message.size() - kTail.size();
    if (std::from_chars(message.data() + kHead.size(), end, number).ptr != end) return false;
    const auto sender = number / Witness::kNumbers;
    if (sender >= senders_) return false;
    auto& next = next_[std::size_t{session.index()} * senders_ + sender];
    if (number % Witness::kNumbers != next) ++out_of_order_;
    next = static_cast<std::uint32_t>(number % Witness::kNumbers) + 1;
    return true;
  }

  std::uint32_t senders_;
  std::vector<std::uint32_t> next_;  ///< number that is due, by client and sender
  std::int64_t out_of_order_ = 0;
  std::int64_t strange_ = 0;
};

}  // namespace

void witness(const Target& target, const Witness& options) {
  Loop loop;
  Commands commands(loop);
  Witnesses witnesses(loop, target, options);
  while (true) {
    while (!loop.run_until([&] { return commands.ready(); }, now_ns() + kSecond)) continue;
    const auto command = commands.next();
    if (command.empty()) return;
    if (command == "open") witnesses.open_all(now_ns() + kOpeningTime);
    if (command == "close") witnesses.close_all(now_ns() + kClosingTime);
    witnesses.report();
  }
}

}  // namespace bench
