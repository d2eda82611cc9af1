// A namespace: its sockets, its rooms, and the delivery of events to them. What all sockets get in a turn is noted
// once, and every socket is visited once at the end of the turn. Owned by a shard; one loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "realtime-server/socketio/encoder.hpp"
#include "realtime-server/socketio/socket.hpp"

namespace socketio {

/// A room and its members, in no order.
struct Room {
  std::string_view name;  ///< the key that it is stored under
  std::vector<Socket*> members;
};

class Namespace {
 public:
  /// `list` flushes the outlets of its sockets.
  Namespace(std::string name, engineio::FlushList& list) : name_{std::move(name)}, list_{list} {}
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  const std::string& name() const { return name_; }
  std::size_t size() const { return sockets_.size(); }
  /// The socket of this id, or null.
  Socket* find(std::string_view sid) const;

  /// Adds a socket to a room, which is created if needed. A socket can be in at most `kMaxRooms`; returns false if it
  /// already is.
  static constexpr std::size_t kMaxRooms = 1'000;
  bool enter(Socket& socket, std::string_view name);
  void leave(Socket& socket, std::string_view room);
  /// Removes all sockets from a room.
  void close(std::string_view name);

  /// Sends an event, encoded once, to every matching socket, in this turn. Sockets that must acknowledge it get the id
  /// `ack_id`. Returns the number of sockets.
  std::size_t deliver(const Emit& emit, Encoder& encoder, std::uint64_t ack_id);
  /// Queues what was noted for a socket, so that what is sent to it next comes after it.
  void catch_up(Socket& socket) {
    if (!log_.empty()) queue_log(socket);
  }
  /// The same for all sockets: another namespace is used now, to which their clients may belong too.
  void catch_up_all();
  /// Sends what was noted; call at the end of the turn.
  void send();

  /// Frees what containers have kept for more sockets and rooms than there are.
  void shrink();

 private:
  friend class Socket;
  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  void add(Socket& socket);
  void remove(Socket& socket);
  void leave_at(Socket& socket, std::size_t membership);
  template <class Visit>
  void for_members(std::string_view name, Visit visit);

  std::size_t note(const Emit& emit, Encoder& encoder);
  void queue_log(Socket& socket);
  void clear_log();

  std::string name_;
  engineio::FlushList& list_;
  std::vector<Socket*> sockets_;
  boost::unordered_flat_map<engineio::SessionId, Socket*, engineio::SessionId::Hash> by_sid_;
  std::unordered_map<std::string, Room, StringHash, std::equal_to<>> rooms_;
  std::uint64_t mark_ = 0;
  std::vector<engineio::Range> log_;  ///< the frames of this turn that all sockets get, adjacent ones merged
  std::vector<iovec> parts_;          ///< their bytes
  std::uint64_t log_begin_ = 0;       ///< their place among all bytes that were ever noted
  std::uint64_t log_end_ = 0;
};

}  // namespace socketio
