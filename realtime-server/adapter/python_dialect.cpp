#include "realtime-server/adapter/python_dialect.hpp"

#include <algorithm>
#include <utility>

#include "core/digest.hpp"
#include "core/log.hpp"
#include "realtime-server/adapter/pickle.hpp"

namespace adapter {
namespace {

constexpr std::size_t kHostBytes = 16;
/// Python writes one payload byte as `\u0000` at worst; the Base64 that this server writes needs less.
constexpr std::size_t kEscapeFactor = 6;
constexpr std::size_t kEnvelopeBytes = 65'536;  ///< for everything but the payload, mostly names of rooms

std::size_t most_bytes(std::size_t max_payload) { return kEscapeFactor * max_payload + kEnvelopeBytes; }

redis::BusOptions options_of(redis::Url url, const PythonDialect::Options& wanted) {
  redis::BusOptions options;
  options.url = std::move(url);
  options.channels = {wanted.channel};
  options.limits.bulk_bytes = most_bytes(wanted.max_payload);
  options.queue_bytes = std::max(options.queue_bytes, 2 * wanted.max_payload + kEnvelopeBytes);
  options.read_size = wanted.read_size;
  return options;
}

void log_state(redis::BusState state) {
  core::log(state == redis::BusState::kSubscribed ? core::LogLevel::kInfo : core::LogLevel::kWarning,
            "the backplane's state changed", {{"state", redis::bus_state_name(state)}});
}

void log_problem(std::string_view message) {
  core::log(core::LogLevel::kWarning, "the backplane has a problem", {{"problem", message}});
}

}  // namespace

PythonDialect::PythonDialect(loop::Loop& loop, redis::Url url, Options options, Inbox& inbox)
    : host_{core::random_hex(kHostBytes)},
      options_{std::move(options)},
      reader_{host_},
      inbox_{inbox},
      bus_{loop,
           options_of(std::move(url), options_),
           {.on_message = [this](std::string_view, std::string_view message) { on_message(message); },
            .on_state = log_state,
            .on_problem = log_problem}} {
  bus_.start();
}

Taken PythonDialect::take(std::string_view message) {
  if (!is_pickle(message)) return reader_.read(message, inbox_);
  if (!options_.accept_pickles) return Taken::kRefused;
  const auto json = json_of_pickle(message, most_bytes(options_.max_payload));
  return json ? reader_.read(*json, inbox_) : Taken::kRefused;
}

void PythonDialect::on_message(std::string_view message) {
  if (take(message) != Taken::kRefused || !core::is_worth_a_line(++refused_)) return;
  const auto count = static_cast<std::int64_t>(refused_);
  const core::LogField channel{"channel", options_.channel};
  if (!is_pickle(message))
    return core::log(core::LogLevel::kWarning, "refused a message from the backplane",
                     {channel, {"begins", message.substr(0, 80)}, {"refused", count}});
  core::log(
      core::LogLevel::kWarning,
      options_.accept_pickles
          ? "refused a pickled message from the backplane: it is not of plain data, or too large"
          : "refused a pickled message from the backplane: its sender has python-socketio before 5.14; upgrade it "
            "to 5.15.1 or later, or set redis.acceptPickles",
      {channel, {"refused", count}});
}

void PythonDialect::emit(const socketio::Emit& emit) { bus_.publish(options_.channel, encode_emit(host_, emit)); }

void PythonDialect::acknowledge(const socketio::RemoteCallback& callback, std::span<const std::string_view> args) {
  bus_.publish(options_.channel, encode_callback(callback, args));
}

State PythonDialect::state() const {
  switch (bus_.state()) {
    case redis::BusState::kConnecting:
      return State::kConnecting;
    case redis::BusState::kSubscribed:
      return State::kConnected;
    case redis::BusState::kNotReceiving:
      return State::kNotReceiving;
    case redis::BusState::kDisconnected:
      break;
  }
  return State::kDisconnected;
}

std::string_view PythonDialect::problem() const { return bus_.problem(); }

Counters PythonDialect::counters() const {
  const auto counted = bus_.counters();
  return {counted.publishes, counted.lost, counted.messages, counted.refused + refused_};
}

}  // namespace adapter
