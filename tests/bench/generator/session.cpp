#include "tests/bench/generator/session.hpp"

namespace bench {

namespace {

// A listener's queue must not overflow: a SYN that is dropped comes again a second later.
constexpr std::uint32_t kAtATime = 64;

}  // namespace

Crowd::Crowd(Loop& loop, std::uint32_t size, const Make& make) : loop_(loop) {
  for (std::uint32_t index = 0; index < size; ++index) sessions_.push_back(make(*this, index));
}

bool Crowd::open_all(std::int64_t deadline) {
  joined_ = 0;
  const std::uint32_t lost_before = lost_;
  std::uint32_t opened = 0;
  const auto done = [&] {
    while (opened < size() && opened - joined_ - (lost_ - lost_before) < kAtATime) sessions_[opened++]->open();
    return joined_ + (lost_ - lost_before) >= size();
  };
  return loop_.run_until(done, deadline) && joined_ == size();
}

void Crowd::close_all(std::int64_t deadline) {
  ended_ = 0;
  std::uint32_t asked = 0;
  std::uint32_t waited_for = 0;
  const auto done = [&] {
    for (; asked < size() && waited_for - ended_ < kAtATime; ++asked) {
      if (!sessions_[asked]->is_joined()) continue;
      ++waited_for;
      sessions_[asked]->close();
    }
    return asked == size() && ended_ >= waited_for;
  };
  loop_.run_until(done, deadline);
  for (const auto& session : sessions_) session->drop();
  joined_ = 0;
}

void Crowd::on_joined(Session& /*session*/) { ++joined_; }

void Crowd::on_message(Session& /*session*/, std::string_view /*message*/, std::int64_t /*now*/) {}

void Crowd::on_closed(Session& /*session*/, std::string_view why) {
  if (why.empty()) {
    ++ended_;
    return;
  }
  if (lost_++ == 0) why_ = why;
}

}  // namespace bench
