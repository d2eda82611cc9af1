// A hub with clients whose frames are recorded, and an adapter that records what it receives.
#pragma once

#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "realtime-server/server/config.hpp"
#include "realtime-server/server/hub.hpp"
#include "tests/support/outlets.hpp"

namespace hubs {

/// An event as it was passed to the adapter.
struct Relayed {
  std::string nsp;
  std::string event;
  std::string args;
  std::vector<std::string> attachments;
  bool operator==(const Relayed&) const = default;
};

/// An acknowledgement as it was passed to the adapter.
struct Acknowledged {
  std::string id;  ///< of the callback that was asked for
  std::vector<std::string> args;
  bool operator==(const Acknowledged&) const = default;
};

class RecordingAdapter final : public adapter::Adapter {
 public:
  void emit(const socketio::Emit& emit) override {
    Relayed relayed{std::string{emit.nsp}, std::string{emit.event}, {}, {}};
    for (const auto piece : emit.args) relayed.args += piece;
    relayed.attachments.assign(emit.attachments.begin(), emit.attachments.end());
    if (!emit.rooms.empty() || !emit.except.empty() || emit.callback)
      throw std::logic_error{"no rule can ask for that"};
    emits.push_back(std::move(relayed));
  }
  void acknowledge(const socketio::RemoteCallback& callback, std::span<const std::string_view> args) override {
    acks.push_back({callback.id, {args.begin(), args.end()}});
  }
  adapter::State state() const override { return adapter::State::kConnected; }
  std::string_view problem() const override { return {}; }
  adapter::Counters counters() const override { return {}; }
  void stop() override {}

  std::vector<Relayed> emits;
  std::vector<Acknowledged> acks;
};

/// Everything of a shard that a hub needs. `namespaces` is that part of the configuration, in YAML.
class World {
 public:
  explicit World(const std::string& namespaces, std::size_t max_payload = 1'000'000)
      : rules_{read(namespaces)}, hub{rules_, ids_, arena_, turn_.list, max_payload} {
    hub.set_adapter(fleet);
  }

  class Client {
   public:
    explicit Client(World& world) : world_{world}, outlet_{world.turn_} {}

    std::optional<engineio::CloseReason> says(std::string_view text) {
      return world_.hub.on_message(connection_, outlet_, false, text);
    }
    std::optional<engineio::CloseReason> attaches(std::string_view bytes) {
      return world_.hub.on_message(connection_, outlet_, true, bytes);
    }
    /// The number of segments in its send queue.
    std::size_t segments() {
      world_.hub.end_turn();
      return outlet_.send_queue().segments();
    }
    /// What it received since the last call.
    std::vector<std::string> got() {
      world_.hub.end_turn();
      return outlet_.taken();
    }
    socketio::Socket* socket(std::string_view nsp = "/") { return connection_.find(nsp); }
    std::string sid(std::string_view nsp = "/") { return std::string{connection_.find(nsp)->sid().text()}; }

   private:
    World& world_;
    support::KeptOutlet outlet_;
    socketio::Connection connection_;
  };

  /// A client that has joined nothing yet.
  Client& client() { return clients_.emplace_back(*this); }
  /// A client in the namespace, which has forgotten what it was told there.
  Client& member(std::string_view nsp = "/") {
    auto& joined = client();
    if (joined.says("0" + (nsp == "/" ? std::string{} : std::string{nsp} + ",")))
      throw std::logic_error{"CONNECT was refused"};
    joined.got();
    return joined;
  }

 private:
  static server::Rules read(const std::string& namespaces) {
    auto config = server::read_config("namespaces: " + namespaces, "test.yaml");
    if (!config) throw std::invalid_argument{config.error().message};
    return std::move(config->namespaces);
  }

  server::Rules rules_;
  support::Turn turn_;
  engineio::ChunkArena arena_;
  engineio::SessionIds ids_{{1, 0}};

 public:
  RecordingAdapter fleet;
  server::Hub hub;

 private:
  std::deque<Client> clients_;
};

}  // namespace hubs
