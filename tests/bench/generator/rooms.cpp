// Events that another process emits to rooms, over Redis as Flask-SocketIO does: many small rooms, a burst into many of
// them at once. Without rooms the same events go to everyone, for comparison.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/generator/client.hpp"
#include "tests/bench/generator/modes.hpp"

namespace bench {

namespace {

constexpr std::string_view kChannel = "flask-socketio";
constexpr std::size_t kDigits = 10;
constexpr std::int64_t kOpeningTime = 60 * kSecond;
constexpr std::int64_t kClosingTime = 10 * kSecond;

/// Publishes to Redis; does not read what it answers before its buffer is full of it.
class Publisher {
 public:
  explicit Publisher(std::uint16_t port) : descriptor_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      fail("connect to Redis");
  }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  ~Publisher() { ::close(descriptor_); }

  void add(std::string_view message) {
    commands_ += "*3\r\n$7\r\nPUBLISH\r\n$" + std::to_string(kChannel.size()) + "\r\n";
    commands_.append(kChannel).append("\r\n$").append(std::to_string(message.size())).append("\r\n");
    commands_.append(message).append("\r\n");
  }
  void flush() {
    std::string_view left = commands_;
    while (!left.empty()) {
      const auto sent = ::send(descriptor_, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) fail("send to Redis");
      left.remove_prefix(static_cast<std::size_t>(sent));
      while (recv(descriptor_, answers_.data(), answers_.size(), MSG_DONTWAIT) > 0) continue;
    }
    commands_.clear();
  }

 private:
  int descriptor_;
  std::string commands_;
  std::vector<char> answers_ = std::vector<char>(65'536);
};

class Emitting final : public Crowd {
 public:
  Emitting(Loop& loop, const Target& target, const Rooms& options)
      : Crowd(loop, options.connections, clients_of(loop, target, true)),
        target_(target),
        options_(options),
        head_(target.protocol->received_head()),
        tail_(target.protocol->received_tail({})),
        period_(static_cast<std::int64_t>(static_cast<double>(kSecond) / options.bursts_a_second)),
        redis_(options.redis),
        last_(options.connections, -1),
        timer_(loop, [this] { send_due(); }) {}

  Delivered run();
  void on_message(Session& session, std::string_view message, std::int64_t now) override;

 private:
  [[nodiscard]] std::uint32_t receivers() const { return options_.rooms == 0 ? size() : options_.members; }
  /// Rooms overlap as little as they can.
  [[nodiscard]] std::uint32_t member(std::uint32_t room, std::uint32_t number) const {
    return (room + number * (size() / options_.members)) % size();
  }
  [[nodiscard]] bool is_member(std::uint32_t client, std::int64_t event) const {
    if (options_.rooms == 0) return true;
    const auto room = static_cast<std::uint32_t>(event % options_.rooms);
    for (std::uint32_t i = 0; i < options_.members; ++i)
      if (member(room, i) == client) return true;
    return false;
  }
  void enter_rooms();
  void emit(std::int64_t event);
  void send_due();
  void wait_for_all();

  const Target& target_;
  const Rooms& options_;
  std::string_view head_;
  std::string tail_;
  std::int64_t period_;
  Publisher redis_;
  std::vector<std::int64_t> last_;  ///< event that each client has received
  std::vector<std::int64_t> scheduled_;
  std::vector<std::int64_t> latencies_;
  Timer timer_;
  std::int64_t begin_moment_ = 0;
  std::int64_t planned_ = 0;  ///< events
  std::int64_t sent_ = 0;
  std::int64_t received_ = 0;
  std::int64_t last_read_ = 0;
  std::int64_t late_max_ = 0;
  Faults faults_;
  bool measuring_ = false;
};

void Emitting::enter_rooms() {
  for (std::uint32_t room = 0; room < options_.rooms; ++room)
    for (std::uint32_t i = 0; i < options_.members; ++i)
      redis_.add(R"({"method":"enter_room","namespace":"/","host_id":"bench","sid":")" +
                 static_cast<Client&>(session(member(room, i))).sid() + R"(","room":"room-)" + std::to_string(room) +
                 "\"}");
  redis_.flush();
}

void Emitting::emit(std::int64_t event) {
  const auto digits = std::to_string(event);
  auto text = std::string(kDigits - digits.size(), '0') + digits;
  text.resize(std::max<std::size_t>(kDigits, options_.bytes), 'x');
  const auto room = options_.rooms == 0 ? "null" : "\"room-" + std::to_string(event % options_.rooms) + "\"";
  redis_.add(R"({"host_id":"bench","method":"emit","event":"response","data":[{"echo":")" + text +
             R"("}],"binary":false,"namespace":"/","room":)" + room + R"(,"skip_sid":null,"callback":null})");
}

void Emitting::on_message(Session& session, std::string_view message, std::int64_t now) {
  std::int64_t event = -1;
  if (message.starts_with(head_) && message.ends_with(tail_) && message.size() >= head_.size() + kDigits + tail_.size())
    std::from_chars(message.data() + head_.size(), message.data() + head_.size() + kDigits, event);
  auto& last = last_[session.index()];
  if (event < 0 || event >= sent_ || !is_member(session.index(), event)) {
    ++faults_.corrupt;
    return;
  }
  if (event == last)
    ++faults_.duplicate;
  else if (event < last)
    ++faults_.reordered;
  last = std::max(last, event);
  ++received_;
  last_read_ = now_ns();
  if (measuring_) latencies_.push_back(now - scheduled_[static_cast<std::size_t>(event)]);
}

void Emitting::send_due() {
  const auto now = now_ns();
  while (sent_ < planned_) {
    const auto due = begin_moment_;
    if (due > now) return timer_.set(due);
    late_max_ = std::max(late_max_, now - due);
    for (std::uint32_t i = 0; i < options_.burst; ++i) {
      scheduled_.push_back(due);
      emit(sent_++);
    }
    redis_.flush();
    begin_moment_ += period_;
  }
}

void Emitting::wait_for_all() {
  last_read_ = now_ns();
  const auto patience = static_cast<std::int64_t>(options_.patience * static_cast<double>(kSecond));
  const auto done = [&] {
    if (lost() == size()) return true;
    if (sent_ < planned_) return false;
    return received_ >= sent_ * receivers() || now_ns() > last_read_ + patience;
  };
  while (!loop().run_until(done, now_ns() + kSecond / 100)) continue;
}

Delivered Emitting::run() {
  const auto measured = std::int64_t{options_.bursts} * options_.burst;
  if (!open_all(now_ns() + kOpeningTime)) return nothing_delivered(*this, measured * receivers());
  Delivered result;
  result.expected = measured * receivers();
  enter_rooms();
  // Every room once, before the clock runs.
  const auto warm_up = std::max<std::int64_t>(options_.rooms, options_.burst);
  for (; sent_ < warm_up; ++sent_) {
    scheduled_.push_back(now_ns());
    emit(sent_);
  }
  planned_ = sent_;
  redis_.flush();
  wait_for_all();
  measuring_ = true;
  planned_ += measured;
  begin_moment_ = now_ns() + kSecond / 20;
  const auto begin = spent(target_);
  timer_.set(begin_moment_);
  wait_for_all();
  result.cost = spent(target_) - begin;
  result.faults = faults_;
  result.faults.missing = std::max<std::int64_t>(0, planned_ * receivers() - received_);
  result.in_all = planned_ * receivers();
  result.late_max = late_max_;
  result.busy = result.cost.wall;
  conclude(result, *this, latencies_);
  close_all(now_ns() + kClosingTime);
  return result;
}

}  // namespace

Delivered emit_to_rooms(const Target& target, const Rooms& options) {
  Loop loop;
  return Emitting(loop, target, options).run();
}

}  // namespace bench
