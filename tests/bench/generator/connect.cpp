// Connects a second: some connections at a time are opened, join and are closed, again and again.
#include <algorithm>
#include <memory>
#include <string_view>

#include "tests/bench/generator/client.hpp"
#include "tests/bench/generator/modes.hpp"

namespace bench {

namespace {

constexpr std::int64_t kGoodbyeTime = kSecond;
constexpr std::int64_t kAnswerTime = 10 * kSecond;

class Connecting final : public Session::Owner {
 public:
  Connecting(Loop& loop, const Target& target, const Connect& options)
      : loop_(loop), target_(target), options_(options), slots_(options.at_a_time) {
    for (std::uint32_t index = 0; index < options.at_a_time; ++index) {
      slots_[index].client = std::make_unique<Client>(loop, *this, target, index);
      idle_.push_back(index);
    }
    latencies_.reserve(options.connects);
  }

  Connected run();

  void on_joined(Session& session) override {
    Slot& slot = slots_[session.index()];
    const std::int64_t now = now_ns();
    latencies_.push_back(now - slot.since);
    slot.since = now;
    session.close();
  }
  void on_message(Session& /*session*/, std::string_view /*message*/, std::int64_t /*now*/) override {}
  void on_closed(Session& session, std::string_view why) override {
    idle_.push_back(session.index());
    if (why.empty()) return;
    if (result_.failed++ == 0) result_.why = why;
  }

 private:
  struct Slot {
    std::unique_ptr<Client> client;
    std::int64_t since = 0;  // the connect, or the goodbye
  };

  bool turn();
  void give_up_slow(std::int64_t now);

  Loop& loop_;
  const Target& target_;
  const Connect& options_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> idle_;
  std::int64_t opened_ = 0;
  std::int64_t next_look_ = 0;
  std::int64_t deadline_ = 0;
  std::vector<std::int64_t> latencies_;
  Connected result_;
};

/// Reopens what is idle; true when all is done.
bool Connecting::turn() {
  const std::int64_t now = now_ns();
  if (now > next_look_) {
    give_up_slow(now);
    next_look_ = now + kSecond / 10;
  }
  while (!idle_.empty() && opened_ < options_.connects && now < deadline_) {
    Slot& slot = slots_[idle_.back()];
    idle_.pop_back();
    ++opened_;
    slot.since = now_ns();
    slot.client->open();
  }
  return idle_.size() == slots_.size();
}

void Connecting::give_up_slow(std::int64_t now) {
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (std::find(idle_.begin(), idle_.end(), index) != idle_.end()) continue;
    Slot& slot = slots_[index];
    if (slot.client->is_closing() && now - slot.since > kGoodbyeTime) {
      ++result_.left_open;
    } else if (!slot.client->is_closing() && now - slot.since > kAnswerTime) {
      if (result_.failed++ == 0) result_.why = "no answer";
    } else {
      continue;
    }
    slot.client->drop();
    idle_.push_back(index);
  }
}

Connected Connecting::run() {
  const std::int64_t start = now_ns();
  deadline_ = start + static_cast<std::int64_t>(options_.seconds * static_cast<double>(kSecond));
  const Cost begin = spent(target_);
  while (!loop_.run_until([this] { return turn(); }, now_ns() + kSecond / 10)) continue;
  result_.cost = spent(target_) - begin;
  result_.connects = static_cast<std::int64_t>(latencies_.size());
  result_.latency = percentiles(latencies_);
  return result_;
}

}  // namespace

Connected connect_and_close(const Target& target, const Connect& options) {
  Loop loop;
  return Connecting(loop, target, options).run();
}

}  // namespace bench
