#include "operator/kube/credentials.hpp"

#include <fstream>
#include <iterator>
#include <utility>

#include "core/log.hpp"
#include "operator/kube/exec_plugin.hpp"

namespace kube {
namespace {

std::string read(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  std::string content{std::istreambuf_iterator<char>{stream}, {}};
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.pop_back();
  return content;
}

}  // namespace

Credentials::Credentials(ClientConfig config, std::chrono::milliseconds refresh)
    : config_{std::move(config)},
      refresh_{refresh},
      identity_{std::make_shared<Identity>(Identity{config_.ca, config_.certificate, config_.key, config_.token})} {}

core::Result<IdentityPtr> Credentials::current(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  if (config_.exec)
    if (const auto asked = ask_plugin(lock, stop); !asked) return tl::unexpected(asked.error());
  const auto now = Clock::now();
  if (files_read_at_ == Clock::time_point{} || now - files_read_at_ >= refresh_) {
    files_read_at_ = now;
    read_files();
  }
  return identity_;
}

void Credentials::refused(const IdentityPtr& used) {
  const std::lock_guard lock{mutex_};
  if (used != identity_) return;
  files_read_at_ = {};
  handed_out_ = false;
}

void Credentials::distrusted(const IdentityPtr& used) {
  const std::lock_guard lock{mutex_};
  if (used == identity_) files_read_at_ = {};
}

void Credentials::read_files() {
  auto fresh = *identity_;
  for (const auto& [file, kept] : {std::pair{&config_.token_file, &fresh.token}, {&config_.ca_file, &fresh.ca}}) {
    if (file->empty()) continue;
    auto content = read(*file);
    if (content.empty()) {
      core::log(core::LogLevel::kWarning, "a credential file cannot be read; its last content stays in use",
                {{"file", *file}});
    } else {
      *kept = std::move(content);
    }
  }
  if (fresh != *identity_) identity_ = std::make_shared<const Identity>(std::move(fresh));
}

bool Credentials::has_credential() const {
  return handed_out_ && (!expires_ || std::chrono::system_clock::now() < *expires_);
}

core::Result<void> Credentials::ask_plugin(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  if (!plugin_ended_.wait(lock, stop, [this] { return !plugin_runs_; }))
    return core::fail(core::ErrorKind::kCancelled, "cancelled");
  if (has_credential()) return {};
  // Until it is asked again, the last answer stands: a failure, or what may be refused once more.
  if (asked_at_ != Clock::time_point{} && Clock::now() - asked_at_ < kPluginPause) return answer_;
  plugin_runs_ = true;
  lock.unlock();
  auto credential = run_exec_plugin(config_, kPluginTimeout, stop);
  lock.lock();
  plugin_runs_ = false;
  plugin_ended_.notify_all();
  // That this caller gave up says nothing to the others.
  if (!credential && credential.error().kind == core::ErrorKind::kCancelled) return tl::unexpected(credential.error());
  asked_at_ = Clock::now();
  if (!credential) return answer_ = tl::unexpected(credential.error());
  identity_ = std::make_shared<const Identity>(Identity{identity_->ca, std::move(credential->certificate),
                                                        std::move(credential->key), std::move(credential->token)});
  handed_out_ = true;
  expires_ = credential->expires;
  return answer_ = {};
}

}  // namespace kube
