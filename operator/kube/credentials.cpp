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

Credentials::Credentials(ClientConfig config)
    : config_{std::move(config)},
      identity_{std::make_shared<Identity>(Identity{config_.ca, config_.certificate, config_.key, config_.token})} {}

core::Result<IdentityPtr> Credentials::current(const std::stop_token& stop) {
  const std::lock_guard lock{mutex_};
  const auto now = Clock::now();
  if (files_read_at_ == Clock::time_point{} || now - files_read_at_ >= kRefresh) {
    files_read_at_ = now;
    read_files();
  }
  if (config_.exec)
    if (const auto asked = ask_plugin(stop); !asked) return tl::unexpected(asked.error());
  return identity_;
}

void Credentials::doubt(const IdentityPtr& used) {
  const std::lock_guard lock{mutex_};
  if (used != identity_) return;
  files_read_at_ = {};
  handed_out_ = false;
}

void Credentials::replace(Identity identity) { identity_ = std::make_shared<const Identity>(std::move(identity)); }

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
  if (fresh != *identity_) replace(std::move(fresh));
}

core::Result<void> Credentials::ask_plugin(const std::stop_token& stop) {
  const bool expired = expires_ && std::chrono::system_clock::now() >= *expires_;
  if (handed_out_ && !expired) return {};
  // Until it is asked again, the last answer stands: a failure, or what may be refused once more.
  if (asked_at_ != Clock::time_point{} && Clock::now() - asked_at_ < kPluginPause) return answer_;
  auto credential = run_exec_plugin(config_, kPluginTimeout, stop);
  asked_at_ = Clock::now();
  if (!credential) return answer_ = tl::unexpected(std::move(credential.error()));
  handed_out_ = true;
  expires_ = credential->expires;
  replace(
      {identity_->ca, std::move(credential->certificate), std::move(credential->key), std::move(credential->token)});
  return answer_ = {};
}

}  // namespace kube
