// The load generator of the benchmarks. hack/bench calls it, and so do the tests that show that it sees what it should:
//   bench-generator deliver|rooms|ask|connect|hold|witness NAME=VALUE…
// Prints one JSON object; times are in nanoseconds where a name does not say otherwise.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/bench/generator/modes.hpp"

namespace bench {

namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& what) {
  std::cerr << "bench-generator: " << what << "\n";
  std::exit(2);
}

/// The NAME=VALUE arguments of the command line; each must be read once.
class Arguments {
 public:
  Arguments(int count, char** words) {
    for (int i = 0; i < count; ++i) {
      const std::string word = words[i];
      const std::size_t sign = word.find('=');
      if (sign == std::string::npos) refuse("not NAME=VALUE: " + word);
      values_[word.substr(0, sign)] = word.substr(sign + 1);
    }
  }

  template <typename T>
  void take(const std::string& name, T& value) {
    const auto found = values_.find(name);
    if (found == values_.end()) return;
    if constexpr (std::is_same_v<T, std::string>) {
      value = found->second;
    } else {
      std::istringstream text(found->second);
      if (!(text >> value) || !text.eof()) refuse("not a value of " + name + ": " + found->second);
    }
    values_.erase(found);
  }

  void end() const {
    if (!values_.empty()) refuse("there is no " + values_.begin()->first);
  }

 private:
  std::map<std::string, std::string> values_;
};

json to_json(const Latencies& it) { return {{"p50", it.p50}, {"p99", it.p99}, {"p99.9", it.p999}, {"max", it.max}}; }

void add_cost(json& out, const Cost& cost) {
  out["wall"] = cost.wall;
  out["server_cpu"] = cost.server.used;
  out["server_waited"] = cost.server.waited;
  out["generator_cpu"] = cost.generator.used;
  out["generator_waited"] = cost.generator.waited;
}

json to_json(const Delivered& it) {
  json out = {{"deliveries", it.deliveries},
              {"expected", it.expected},
              {"expected_in_all", it.in_all},
              {"faults",
               {{"missing", it.faults.missing},
                {"duplicate", it.faults.duplicate},
                {"reordered", it.faults.reordered},
                {"corrupt", it.faults.corrupt},
                {"lost_connections", it.lost}}},
              {"why", it.why},
              {"latency_us", to_json(it.latency)},
              {"publisher_late_max", it.late_max},
              {"busy", it.busy}};
  add_cost(out, it.cost);
  return out;
}

json to_json(const Connected& it) {
  json out = {{"connects", it.connects},
              {"failed", it.failed},
              {"left_open", it.left_open},
              {"why", it.why},
              {"latency_us", to_json(it.latency)}};
  add_cost(out, it.cost);
  return out;
}

Target read_target(Arguments& arguments) {
  Target target;
  std::string processes;
  std::string protocol = "socket.io";
  int core = -1;
  arguments.take("port", target.port);
  arguments.take("pids", processes);
  arguments.take("protocol", protocol);
  arguments.take("core", core);
  std::istringstream text(processes);
  for (std::string word; std::getline(text, word, ',');) target.processes.push_back(std::atoi(word.c_str()));
  if (target.port == 0) refuse("port=PORT is missing");
  target.protocol = find_protocol(protocol);
  if (target.protocol == nullptr) refuse("there is no protocol " + protocol);
  if (core >= 0) pin_to(core);
  return target;
}

void run(const std::string& mode, Arguments arguments) {
  const Target target = read_target(arguments);
  if (mode == "deliver") {
    Deliver options;
    arguments.take("connections", options.connections);
    arguments.take("burst", options.burst);
    arguments.take("bursts-a-second", options.bursts_a_second);
    arguments.take("bursts", options.bursts);
    arguments.take("warm-up-bursts", options.warm_up_bursts);
    arguments.take("bytes", options.bytes);
    arguments.take("patience", options.patience);
    arguments.take("polling", options.polling);
    arguments.take("other", options.other);
    arguments.end();
    std::cout << to_json(deliver(target, options)) << "\n";
  } else if (mode == "ask") {
    Ask options;
    arguments.take("connections", options.connections);
    arguments.take("events-a-second", options.events_a_second);
    arguments.take("events", options.events);
    arguments.take("bytes", options.bytes);
    arguments.take("patience", options.patience);
    arguments.end();
    std::cout << to_json(ask(target, options)) << "\n";
  } else if (mode == "rooms") {
    Rooms options;
    arguments.take("redis", options.redis);
    arguments.take("connections", options.connections);
    arguments.take("rooms", options.rooms);
    arguments.take("members", options.members);
    arguments.take("burst", options.burst);
    arguments.take("bursts-a-second", options.bursts_a_second);
    arguments.take("bursts", options.bursts);
    arguments.take("bytes", options.bytes);
    arguments.take("patience", options.patience);
    arguments.end();
    if (options.members == 0 || options.members > options.connections)
      refuse("a room has as many members as clients at most");
    std::cout << to_json(emit_to_rooms(target, options)) << "\n";
  } else if (mode == "connect") {
    Connect options;
    arguments.take("connects", options.connects);
    arguments.take("at-a-time", options.at_a_time);
    arguments.take("seconds", options.seconds);
    arguments.end();
    std::cout << to_json(connect_and_close(target, options)) << "\n";
  } else if (mode == "hold") {
    Hold options;
    arguments.take("connections", options.connections);
    arguments.take("polling", options.polling);
    arguments.end();
    hold(target, options);
  } else if (mode == "witness") {
    Witness options;
    arguments.take("connections", options.connections);
    arguments.take("senders", options.senders);
    arguments.end();
    witness(target, options);
  } else {
    refuse("there is no mode " + mode);
  }
}

/// As many descriptors as this user may have.
void raise_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

}  // namespace bench

int main(int count, char** words) {
  if (count < 2) bench::refuse("usage: bench-generator deliver|rooms|ask|connect|hold|witness NAME=VALUE…");
  bench::raise_limit();
  bench::run(words[1], bench::Arguments(count - 2, words + 2));
  return 0;
}
