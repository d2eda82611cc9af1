// Broadcasts in bursts at a fixed rate. A burst has a scheduled moment, and what is late, the publisher included,
// counts from there: a server that stalls cannot slow the clock down that it is measured by.
#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "tests/bench/frames.hpp"
#include "tests/bench/generator/client.hpp"
#include "tests/bench/generator/modes.hpp"
#include "tests/bench/generator/poller.hpp"

namespace bench {

namespace {

constexpr std::size_t kDigits = 10;
constexpr std::size_t kEventHead = 13;  // `42["response"`
constexpr std::int64_t kOpeningTime = 60 * kSecond;
constexpr std::int64_t kClosingTime = 10 * kSecond;
constexpr std::int64_t kAfterwards = kSecond / 2;

class Delivery final : public Crowd {
 public:
  Delivery(Loop& loop, const Target& target, const Deliver& options)
      : Crowd(loop, options.connections + 1, make(loop, target, options)),
        target_(target),
        options_(options),
        head_(target.protocol->received_head()),
        period_(static_cast<std::int64_t>(static_cast<double>(kSecond) / options.bursts_a_second)),
        ledgers_(options.connections + 1),
        timer_(loop, [this] { send_due(); }) {}

  Delivered run();

  void on_message(Session& session, std::string_view message, std::int64_t now) override;
  std::size_t take_frames(Session& session, std::string_view bytes, std::int64_t now) override;

 private:
  static Make make(Loop& loop, const Target& target, const Deliver& options) {
    return [&loop, &target, &options](Session::Owner& owner, std::uint32_t index) -> std::unique_ptr<Session> {
      const bool publishes = index == options.connections;
      auto its_target = target;
      if (options.other != 0 && !publishes && index % 2 == 1) its_target.port = options.other;
      if (options.polling && !publishes) return std::make_unique<Poller>(loop, owner, its_target.port, index);
      return std::make_unique<Client>(loop, owner, its_target, index, true);
    };
  }

  [[nodiscard]] Client& publisher() const { return static_cast<Client&>(session(size() - 1)); }
  void prepare();
  void note_arrivals(std::int64_t first, std::int64_t count, std::int64_t now);
  void start(std::uint32_t bursts);
  void send_due();
  void send_burst(std::int64_t scheduled);
  void await_deliveries();
  [[nodiscard]] std::int64_t busy_time() const;
  [[nodiscard]] std::int64_t message_of(std::uint32_t burst) const { return std::int64_t{burst} * options_.burst; }

  // A message by its number. All strings are made before the clock runs.
  struct Message {
    std::string frame;       // as the publisher sends it
    std::string expected;    // the message that has to come back
    std::size_t offset = 0;  // of its frame among all that have to come back
  };
  // A burst by its number, over warm-up and measurement.
  struct Burst {
    std::int64_t scheduled = 0;
    std::int64_t last_arrival = 0;
  };

  const Target& target_;
  const Deliver& options_;
  std::string_view head_;  // of what has to come back
  std::int64_t period_;
  std::vector<Message> messages_;
  std::string answers_;  // all frames that have to come back, in order
  std::vector<Burst> bursts_;
  std::vector<Ledger> ledgers_;
  Timer timer_;

  std::uint32_t sent_bursts_ = 0;
  std::uint32_t planned_bursts_ = 0;
  std::uint32_t phase_start_ = 0;  // the first burst of warm-up or measurement
  std::int64_t phase_moment_ = 0;
  bool measuring_ = false;
  Cost begin_;
  std::int64_t received_ = 0;  // different messages, over all clients
  std::int64_t last_read_ = 0;
  std::int64_t late_max_ = 0;
  std::vector<std::int64_t> latencies_;
};

void Delivery::prepare() {
  const auto tail = target_.protocol->received_tail(publisher().sid());
  const std::uint32_t bursts = options_.warm_up_bursts + options_.bursts;
  bursts_.resize(bursts);
  messages_.resize(static_cast<std::size_t>(message_of(bursts)));
  for (std::size_t number = 0; number < messages_.size(); ++number) {
    const std::string digits = std::to_string(number);
    std::string text = std::string(kDigits - digits.size(), '0') + digits;
    while (text.size() < options_.bytes) text.push_back(static_cast<char>('a' + (number + text.size()) % 26));
    append_text(messages_[number].frame, target_.protocol->publish(text));
    messages_[number].expected = std::string(head_) + text + tail;
    messages_[number].offset = answers_.size();
    append_frame(answers_, kText, messages_[number].expected);
  }
  // Touched now, so that no page is given to this process while it measures.
  latencies_.resize(static_cast<std::size_t>(message_of(options_.bursts)) * size());
  latencies_.clear();
}

void Delivery::on_message(Session& session, std::string_view message, std::int64_t now) {
  if (!message.starts_with(head_.substr(0, kEventHead))) return;  // some other event: a greeting, say
  Ledger& ledger = ledgers_[session.index()];
  std::size_t number = messages_.size();
  if (message.size() > head_.size() + kDigits) {
    const char* digits = message.data() + head_.size();
    std::from_chars(digits, digits + kDigits, number);
  }
  if (number >= static_cast<std::size_t>(message_of(sent_bursts_)) || message != messages_[number].expected) {
    ledger.note_corrupt();
    return;
  }
  const std::int64_t before = ledger.received();
  ledger.note(static_cast<std::int64_t>(number));
  if (ledger.received() != before) note_arrivals(static_cast<std::int64_t>(number), 1, now);
}

/// The usual case, in one comparison: what comes is what is due, to the byte. It keeps the generator faster than any
/// server that it measures.
std::size_t Delivery::take_frames(Session& session, std::string_view bytes, std::int64_t now) {
  Ledger& ledger = ledgers_[session.index()];
  const std::int64_t first = ledger.due();
  if (first < 0 || first >= message_of(sent_bursts_)) return 0;
  const auto end_of = [&](std::int64_t number) {
    const auto next = static_cast<std::size_t>(number + 1);
    return next < messages_.size() ? messages_[next].offset : answers_.size();
  };
  const std::size_t start = messages_[static_cast<std::size_t>(first)].offset;
  std::int64_t next = first;
  while (next < message_of(sent_bursts_) && end_of(next) - start <= bytes.size()) ++next;
  const std::size_t size = next == first ? 0 : end_of(next - 1) - start;
  if (size == 0 || bytes.substr(0, size) != std::string_view(answers_).substr(start, size)) return 0;
  ledger.note_run(next - first);
  note_arrivals(first, next - first, now);
  return size;
}

void Delivery::note_arrivals(std::int64_t first, std::int64_t count, std::int64_t now) {
  received_ += count;
  last_read_ = now_ns();
  for (std::int64_t number = first; number < first + count; ++number) {
    Burst& burst = bursts_[static_cast<std::size_t>(number / options_.burst)];
    burst.last_arrival = std::max(burst.last_arrival, now);
    if (measuring_) latencies_.push_back(now - burst.scheduled);
  }
}

void Delivery::start(std::uint32_t bursts) {
  phase_start_ = planned_bursts_;
  planned_bursts_ += bursts;
  phase_moment_ = now_ns() + kSecond / 20;
  timer_.set(phase_moment_);
}

void Delivery::send_due() {
  if (measuring_ && sent_bursts_ == phase_start_) begin_ = spent(target_);
  while (sent_bursts_ < planned_bursts_) {
    const std::int64_t due = phase_moment_ + std::int64_t{sent_bursts_ - phase_start_} * period_;
    const std::int64_t late = now_ns() - due;
    if (late < 0) return timer_.set(due);
    if (measuring_) late_max_ = std::max(late_max_, late);
    send_burst(due);
  }
}

void Delivery::send_burst(std::int64_t scheduled) {
  bursts_[sent_bursts_].scheduled = scheduled;
  std::string frames;
  for (std::int64_t number = message_of(sent_bursts_); number < message_of(sent_bursts_ + 1); ++number) {
    frames += messages_[static_cast<std::size_t>(number)].frame;
  }
  ++sent_bursts_;
  if (publisher().is_joined()) publisher().send(frames);
}

/// Until all planned bursts were sent, and all that was sent has come or is given up. What a server puts off until
/// after it has delivered belongs to the span as well.
void Delivery::await_deliveries() {
  const std::int64_t last_due = phase_moment_ + std::int64_t{planned_bursts_ - phase_start_ - 1} * period_;
  const std::int64_t end = last_due + std::min(period_, kAfterwards);
  const auto patience = static_cast<std::int64_t>(options_.patience * static_cast<double>(kSecond));
  last_read_ = now_ns();
  const auto done = [&] {
    if (lost() == size()) return true;
    if (sent_bursts_ < planned_bursts_) return false;
    const std::int64_t now = now_ns();
    if (received_ == message_of(sent_bursts_) * size()) return now >= end;
    return now > std::max(end, last_read_) + patience;
  };
  // A turn at least every so often, for the end is no event.
  while (!loop().run_until(done, now_ns() + kSecond / 100)) continue;
}

std::int64_t Delivery::busy_time() const {
  std::int64_t busy = 0;
  std::int64_t counted_to = 0;
  for (std::uint32_t i = phase_start_; i < sent_bursts_; ++i) {
    const std::int64_t from = std::max(bursts_[i].scheduled, counted_to);
    if (bursts_[i].last_arrival <= from) continue;
    busy += bursts_[i].last_arrival - from;
    counted_to = bursts_[i].last_arrival;
  }
  return busy;
}

Delivered Delivery::run() {
  const std::int64_t expected = message_of(options_.bursts) * size();
  if (!open_all(now_ns() + kOpeningTime)) return nothing_delivered(*this, expected);
  prepare();
  Delivered result;
  start(options_.warm_up_bursts);
  await_deliveries();
  measuring_ = true;
  start(options_.bursts);
  await_deliveries();
  result.cost = spent(target_) - begin_;
  result.expected = expected;
  result.in_all = message_of(sent_bursts_) * size();
  for (const Ledger& ledger : ledgers_) result.faults += ledger.faults(message_of(sent_bursts_));
  result.late_max = late_max_;
  result.busy = busy_time();
  conclude(result, *this, latencies_);
  close_all(now_ns() + kClosingTime);
  return result;
}

}  // namespace

Delivered deliver(const Target& target, const Deliver& options) {
  Loop loop;
  return Delivery(loop, target, options).run();
}

}  // namespace bench
