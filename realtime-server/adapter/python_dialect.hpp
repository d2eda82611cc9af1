// The adapter for the message queue of Flask-SocketIO and python-socketio: one Redis channel. Owned by the server; on
// the loop thread of the first shard only.
#pragma once

#include <functional>
#include <string>

#include "realtime-server/adapter/adapter.hpp"
#include "realtime-server/adapter/python_codec.hpp"
#include "realtime-server/redis/bus.hpp"

namespace adapter {

class PythonDialect final : public Adapter {
 public:
  struct Options {
    std::string channel;
    /// Messages that a client may send within so many bytes pass in both directions; larger ones are skipped and
    /// counted as refused.
    std::size_t max_payload;
    bool accept_pickles = false;  ///< of python-socketio before 5.14; otherwise they are refused
    /// How many bytes of messages may be taken in a turn of the loop; asked for each turn. Empty: as many as fit.
    std::function<std::size_t()> read_size{};
  };

  /// `inbox` outlives it.
  PythonDialect(loop::Loop& loop, redis::Url url, Options options, Inbox& inbox);

  void emit(const socketio::Emit& emit) override;
  void acknowledge(const socketio::RemoteCallback& callback, std::span<const std::string_view> args) override;
  State state() const override;
  std::string_view problem() const override;
  Counters counters() const override;
  void stop() override { bus_.stop(); }

 private:
  void on_message(std::string_view message);
  Taken take(std::string_view message);

  std::string host_;
  Options options_;
  PythonReader reader_;
  Inbox& inbox_;
  std::uint64_t refused_ = 0;
  redis::Bus bus_;
};

}  // namespace adapter
