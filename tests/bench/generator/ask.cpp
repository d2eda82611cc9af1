// Events that the server acknowledges, at a fixed rate, from each client in turn. An event has a scheduled moment, from
// which its acknowledgement is late, so a server that stalls cannot slow down the clock that it is measured by.
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/generator/client.hpp"
#include "tests/bench/generator/modes.hpp"

namespace bench {

namespace {

constexpr std::int64_t kOpeningTime = 60 * kSecond;
constexpr std::int64_t kClosingTime = 10 * kSecond;
constexpr std::int64_t kTick = kSecond / 1000;

class Asking final : public Crowd {
 public:
  Asking(Loop& loop, const Target& target, const Ask& options)
      : Crowd(loop, options.connections, clients_of(loop, target, true)),
        target_(target),
        options_(options),
        protocol_(*target.protocol),
        text_(options.bytes, 'x'),
        tail_(protocol_.answer_tail(text_)),
        received_of_(options.connections),
        timer_(loop, [this] { send_due(); }) {
    latencies_.reserve(options.events);
  }

  Delivered run();
  void on_message(Session& session, std::string_view message, std::int64_t now) override;

 private:
  [[nodiscard]] std::int64_t due(std::int64_t event) const {
    return begin_moment_ + static_cast<std::int64_t>(static_cast<double>(event) / options_.events_a_second * kSecond);
  }
  void send_due();

  const Target& target_;
  const Ask& options_;
  const Protocol& protocol_;
  std::string text_;
  std::string tail_;
  std::vector<std::int64_t> received_of_;  ///< how many acknowledgements each client has
  std::vector<std::int64_t> latencies_;
  std::string frame_;
  Timer timer_;
  Cost begin_;
  std::int64_t begin_moment_ = 0;
  std::int64_t sent_ = 0;
  std::int64_t received_ = 0;
  std::int64_t last_read_ = 0;
  std::int64_t late_max_ = 0;
  Faults faults_;
};

/// A client numbers its events from 1.
void Asking::on_message(Session& session, std::string_view message, std::int64_t now) {
  const auto head = protocol_.answer_head();
  if (!message.starts_with(head)) return;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(message.data() + head.size(), message.data() + message.size(), number);
  auto& last = received_of_[session.index()];
  if (error != std::errc{} || message.substr(static_cast<std::size_t>(end - message.data())) != tail_) {
    ++faults_.corrupt;
    return;
  }
  if (number != last + 1) ++faults_.reordered;
  last = number;
  ++received_;
  last_read_ = now_ns();
  latencies_.push_back(now - due((number - 1) * size() + session.index()));
}

void Asking::send_due() {
  const auto now = now_ns();
  for (; sent_ < options_.events && due(sent_) <= now; ++sent_) {
    late_max_ = std::max(late_max_, now - due(sent_));
    auto& client = static_cast<Client&>(session(static_cast<std::uint32_t>(sent_ % size())));
    if (!client.is_joined()) continue;
    frame_.clear();
    append_text(frame_, protocol_.ask(sent_ / size() + 1, text_));
    client.send(frame_);
  }
  if (sent_ < options_.events) timer_.set(std::max(due(sent_), now + kTick));
}

Delivered Asking::run() {
  if (!open_all(now_ns() + kOpeningTime)) return nothing_delivered(*this, options_.events);
  Delivered result;
  result.expected = options_.events;
  result.in_all = options_.events;
  begin_moment_ = now_ns() + kSecond / 20;
  timer_.set(begin_moment_);
  begin_ = spent(target_);
  last_read_ = now_ns();
  const auto patience = static_cast<std::int64_t>(options_.patience * static_cast<double>(kSecond));
  const auto done = [&] {
    if (lost() == size() || received_ == options_.events) return true;
    return sent_ == options_.events && now_ns() > last_read_ + patience;
  };
  while (!loop().run_until(done, now_ns() + kSecond / 100)) continue;
  result.cost = spent(target_) - begin_;
  result.faults = faults_;
  result.faults.missing = options_.events - received_;
  result.late_max = late_max_;
  result.busy = result.cost.wall;
  conclude(result, *this, latencies_);
  close_all(now_ns() + kClosingTime);
  return result;
}

}  // namespace

Delivered ask(const Target& target, const Ask& options) {
  Loop loop;
  return Asking(loop, target, options).run();
}

}  // namespace bench
