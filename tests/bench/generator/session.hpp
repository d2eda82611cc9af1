// A session of the generator, over either transport, and a group of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/generator/loop.hpp"

namespace bench {

class Session {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_joined(Session& session) = 0;
    /// A message after the session has joined, other than a ping; `now` is when it came.
    virtual void on_message(Session& session, std::string_view message, std::int64_t now) = 0;
    /// May take whole frames that it knows beforehand; gives how many bytes it took.
    virtual std::size_t take_frames(Session& /*session*/, std::string_view /*bytes*/, std::int64_t /*now*/) {
      return 0;
    }
    /// The session is over; empty if it was close() that wanted it so, else why. Not the place to open() again.
    virtual void on_closed(Session& session, std::string_view why) = 0;
  };

  Session(Owner& owner, std::uint32_t index) : owner_(owner), index_(index) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  /// Connects and joins: of Socket.IO, the namespace "/". Not while it is open.
  virtual void open() = 0;
  /// Says goodbye as the protocol wants it.
  virtual void close() = 0;
  /// Disconnects without a message, and without notifying the owner.
  virtual void drop() = 0;
  [[nodiscard]] virtual bool is_joined() const = 0;

  [[nodiscard]] std::uint32_t index() const { return index_; }

 protected:
  [[nodiscard]] Owner& owner() const { return owner_; }

 private:
  Owner& owner_;
  std::uint32_t index_;
};

/// Sessions that are opened and closed together, some at a time.
class Crowd : public Session::Owner {
 public:
  using Make = std::function<std::unique_ptr<Session>(Session::Owner& owner, std::uint32_t index)>;

  Crowd(Loop& loop, std::uint32_t size, const Make& make);

  /// Opens all; false if not all have joined by `deadline`, and then why() may say more.
  bool open_all(std::int64_t deadline);
  /// Closes all; those that have not ended by `deadline` are dropped.
  void close_all(std::int64_t deadline);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(sessions_.size()); }
  [[nodiscard]] std::uint32_t joined() const { return joined_; }
  /// How many closed unexpectedly, and the reason of the first.
  [[nodiscard]] std::uint32_t lost() const { return lost_; }
  [[nodiscard]] const std::string& why() const { return why_; }

  void on_joined(Session& session) override;
  void on_message(Session& session, std::string_view message, std::int64_t now) override;
  void on_closed(Session& session, std::string_view why) override;

 protected:
  [[nodiscard]] Loop& loop() const { return loop_; }
  [[nodiscard]] Session& session(std::uint32_t index) const { return *sessions_[index]; }

 private:
  Loop& loop_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::uint32_t joined_ = 0;
  std::uint32_t ended_ = 0;
  std::uint32_t lost_ = 0;
  std::string why_;
};

}  // namespace bench
