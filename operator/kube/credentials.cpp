#include "operator/kube/credentials.hpp"

#include <fstream>
#include <iterator>

#include "core/log.hpp"

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
    : config_{std::move(config)}, token_{config_.token}, ca_{std::make_shared<std::string>(config_.ca)} {}

std::string Credentials::token() {
  const std::lock_guard lock{mutex_};
  refresh();
  return token_;
}

std::shared_ptr<const std::string> Credentials::ca() {
  const std::lock_guard lock{mutex_};
  refresh();
  return ca_;
}

void Credentials::doubt() {
  const std::lock_guard lock{mutex_};
  read_at_ = {};
}

void Credentials::refresh() {
  const auto now = std::chrono::steady_clock::now();
  if (read_at_ != decltype(read_at_){} && now - read_at_ < kRefresh) return;
  read_at_ = now;
  for (const auto* file : {&config_.token_file, &config_.ca_file}) {
    if (file->empty()) continue;
    auto content = read(*file);
    if (content.empty()) {
      core::log(core::LogLevel::kWarning, "a credential file cannot be read; its last content stays in use",
                {{"file", *file}});
    } else if (file == &config_.token_file) {
      token_ = std::move(content);
    } else if (content != *ca_) {
      ca_ = std::make_shared<std::string>(std::move(content));
    }
  }
}

}  // namespace kube
