#include "realtime-server/server/server.hpp"

#include <csignal>
#include <future>
#include <optional>
#include <utility>

#include <sys/signalfd.h>
#include <unistd.h>

#include "core/log.hpp"
#include "realtime-server/adapter/python_dialect.hpp"

namespace server {

namespace {

/// A loop that does not answer within this time is reported as unhealthy.
constexpr std::chrono::seconds kPatience{3};

}  // namespace

Server::Server(const Config& config, const Identity& identity)
    : config_{config}, identity_{identity}, shard_{config, identity, 0}, drain_{shard_, config.drain, [this] {
                                                                                  stop();
                                                                                }} {}

Server::~Server() = default;

void Server::make_adapter(const std::optional<redis::Url>& redis_url) {
  if (!redis_url) {
    adapter_ = std::make_unique<adapter::LocalAdapter>();
  } else {
    adapter_ = std::make_unique<adapter::PythonDialect>(
        shard_.loop(), *redis_url,
        adapter::PythonDialect::Options{config_.redis.channel, config_.protocol.max_payload,
                                        config_.redis.accept_pickles, [this] { return shard_.most_from_backplane(); }},
        shard_.hub());
  }
  shard_.set_adapter(*adapter_);
}

/// A snapshot of the shard, from another thread; nothing if its loop does not answer.
std::optional<Snapshot> Server::ask() {
  auto promise = std::make_shared<std::promise<Snapshot>>();
  auto answer = promise->get_future();
  const auto asked = loop::Clock::now();
  shard_.loop().mailbox().post([this, promise, asked] {
    auto snapshot = shard_.snapshot();
    snapshot.loop_lag = loop::Clock::now() - asked;
    promise->set_value(std::move(snapshot));
  });
  if (answer.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

core::HttpAnswer Server::ready() {
  const auto snapshot = ask();
  if (!snapshot) return {503, "the event loop does not answer\n"};
  const auto with = [&](std::string_view message) {
    return snapshot->problem.empty() ? fmt::format("{}\n", message)
                                     : fmt::format("{}: {}\n", message, snapshot->problem);
  };
  switch (snapshot->redis) {
    case adapter::State::kConnecting:
      return {503, with("not subscribed to Redis yet")};
    case adapter::State::kNotReceiving:
      return {503, with("not receiving: Redis answers but delivers no messages")};
    case adapter::State::kDisconnected:
      return {200, with("ok; disconnected from Redis: broadcasts reach only clients of this replica")};
    default:
      return {200, with("ok")};
  }
}

core::Result<void> Server::serve_admin(const std::string& address) {
  auto listening = core::HttpServer::listen(
      address,
      {{"/healthz",
        [this] {
          return ask() ? core::HttpAnswer{200, "ok\n"} : core::HttpAnswer{503, "the event loop does not answer\n"};
        }},
       {"/readyz", [this] { return ready(); }},
       {"/metrics", [this] {
          const auto snapshot = ask();
          return snapshot ? core::HttpAnswer{200, exposition_.text(*snapshot), "text/plain; version=0.0.4"}
                          : core::HttpAnswer{503, "the event loop does not answer\n"};
        }}});
  if (!listening) return tl::unexpected(listening.error());
  admin_ = std::move(*listening);
  return {};
}

/// Signals have arrived: the first starts the drain, the second ends it.
void Server::on_ready(std::uint32_t) {
  signalfd_siginfo signal{};
  while (read(signals_.get(), &signal, sizeof signal) > 0) {
    if (std::exchange(draining_, true)) return stop();
    drain_.start();
  }
}

void Server::stop() {
  drain_.cancel();
  adapter_->stop();
  shard_.stop();
  shard_.loop().stop();
}

core::Result<void> Server::run(const Addresses& addresses, const std::optional<redis::Url>& redis_url) {
  // Blocked in every thread that starts from now on, so that the loop alone receives them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signals_ = loop::Descriptor{signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC)};
  shard_.loop().watch(signals_.get(), EPOLLIN, *this);
  make_adapter(redis_url);
  if (auto listening = shard_.listen(addresses.listen); !listening) return listening;
  if (auto serving = serve_admin(addresses.admin); !serving) return serving;
  const auto colon = addresses.admin.rfind(':');
  core::log(core::LogLevel::kInfo, "listening",
            {{"address", shard_.endpoint().text()},
             {"admin", fmt::format("{}:{}", addresses.admin.substr(0, colon), admin_->port())},
             {"replica", identity_.replica}});
  shard_.loop().run();
  admin_.reset();
  core::log(core::LogLevel::kInfo, "stopped");
  return {};
}

}  // namespace server
