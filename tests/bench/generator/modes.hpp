// What the generator can do to a server: deliver broadcasts, emit to rooms, ask, connect, hold connections that say
// nothing, or read what others cause.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/generator/cpu.hpp"
#include "tests/bench/generator/ledger.hpp"
#include "tests/bench/generator/session.hpp"
#include "tests/bench/generator/target.hpp"

namespace bench {

/// What a measured span of time cost whom.
struct Cost {
  std::int64_t wall = 0;
  CpuTime server;
  CpuTime generator;
};

/// In microseconds.
struct Latencies {
  double p50 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
};

struct Deliver {
  std::uint32_t connections = 1000;  // besides the publisher
  std::uint32_t burst = 1;
  double bursts_a_second = 20;
  std::uint32_t bursts = 100;
  std::uint32_t warm_up_bursts = 20;
  std::uint32_t bytes = 64;  // of the string that is sent
  double patience = 10;      // seconds without a delivery after which none is waited for
  bool polling = false;      // everyone but the publisher polls
  std::uint16_t other = 0;   // the port of another process of the same fleet, to which every second client connects
};

struct Delivered {
  std::int64_t deliveries = 0;  // in the measured span
  std::int64_t expected = 0;
  std::int64_t in_all = 0;  // expected with those of the warm-up
  Faults faults;            // over the warm-up too
  std::uint32_t lost = 0;
  std::string why;
  Cost cost;
  Latencies latency;          // from the scheduled moment of the burst to the kernel's having it for the client
  std::int64_t late_max = 0;  // how late the publisher sent a burst at worst, in nanoseconds
  std::int64_t busy = 0;      // nanoseconds in which deliveries were outstanding
};

Delivered deliver(const Target& target, const Deliver& options);

struct Ask {
  std::uint32_t connections = 1000;
  double events_a_second = 10'000;
  std::int64_t events = 50'000;
  std::uint32_t bytes = 64;  // of the string that is sent, and comes back
  double patience = 10;      // seconds without an acknowledgement after which none is waited for
};

/// As deliveries: acknowledgements of events.
Delivered ask(const Target& target, const Ask& options);

struct Rooms {
  std::uint16_t redis = 0;           // the port of a Redis to which the server is subscribed
  std::uint32_t connections = 1000;  // at least as many as members
  std::uint32_t rooms = 1000;        // 0: everything goes to everyone
  std::uint32_t members = 10;        // of each room
  std::uint32_t burst = 100;         // events at once, each to the next room
  double bursts_a_second = 20;
  std::uint32_t bursts = 100;
  std::uint32_t bytes = 64;  // of the string that is sent
  double patience = 10;      // seconds without a delivery after which none is waited for
};

/// As deliveries: events that another process emits to rooms.
Delivered emit_to_rooms(const Target& target, const Rooms& options);

struct Connect {
  std::uint32_t connects = 10'000;
  std::uint32_t at_a_time = 64;
  double seconds = 60;  // at most
};

struct Connected {
  std::int64_t connects = 0;
  std::int64_t failed = 0;
  std::int64_t left_open = 0;  // by a server that did not end the connection within a second of the goodbye
  std::string why;
  Cost cost;
  Latencies latency;  // from connect() to the answer to CONNECT
};

Connected connect_and_close(const Target& target, const Connect& options);

struct Hold {
  std::uint32_t connections = 1000;
  bool polling = false;
};

/// Reads commands from the standard input, one a line, and answers each with a line of JSON: `open`, `churn TIMES`,
/// `close`. Meanwhile the sessions live: pings are answered. Ends with its input.
void hold(const Target& target, const Hold& options);

struct Witness {
  /// A broadcast has the number of its sender times this, and its own.
  static constexpr std::uint64_t kNumbers = 1'000'000;
  std::uint32_t connections = 1000;
  std::uint32_t senders = 1;
};

/// Clients that read everything. Commands as for hold(): `open`, `report`, `close`; each answer says what has come.
void witness(const Target& target, const Witness& options);

/// What is reported when not all have joined: everything that was expected is missing.
Delivered nothing_delivered(const Crowd& crowd, std::int64_t expected);

/// Adds what has been delivered, with the latencies in nanoseconds, which are sorted for it, and whom the crowd has
/// lost.
void conclude(Delivered& result, const Crowd& crowd, std::vector<std::int64_t>& latencies);

/// Sorts the values, which are nanoseconds.
Latencies percentiles(std::vector<std::int64_t>& values);

/// What has been spent up to now.
Cost spent(const Target& target);
Cost operator-(const Cost& now, const Cost& then);

}  // namespace bench
