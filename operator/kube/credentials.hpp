// What authenticates us and the server, kept fresh: projected service-account tokens and CA bundles are rotated by the
// kubelet, so their files are read again at least once a minute; when a read fails, the last good content stays in use.
// What an exec plugin handed out is used until it expires or is refused. Owned by the transport; locks, so safe on any
// thread, which may have to wait for the plugin.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "core/result.hpp"
#include "core/time.hpp"
#include "operator/kube/config.hpp"

namespace kube {

/// Who we are and whom we trust, at one time. Certificates and keys are PEM text; what there is none of is empty.
struct Identity {
  std::string ca;  ///< empty for the system's
  std::string certificate;
  std::string key;
  std::string token;
  bool operator==(const Identity&) const = default;
};
using IdentityPtr = std::shared_ptr<const Identity>;

class Credentials {
 public:
  static constexpr std::chrono::seconds kRefresh{60};
  /// For how long an exec plugin may run.
  static constexpr std::chrono::seconds kPluginTimeout{30};
  /// An exec plugin is not run more often than this.
  static constexpr std::chrono::seconds kPluginPause{1};

  explicit Credentials(ClientConfig config);

  const ClientConfig& config() const { return config_; }
  /// What to use now. Fails only as `run_exec_plugin` does.
  core::Result<IdentityPtr> current(const std::stop_token& stop);
  /// The server refused us, or we it, with this: what is newer is looked for at the next request.
  void doubt(const IdentityPtr& used);

 private:
  using Clock = std::chrono::steady_clock;

  void read_files();
  core::Result<void> ask_plugin(const std::stop_token& stop);
  void replace(Identity identity);

  const ClientConfig config_;
  std::mutex mutex_;
  IdentityPtr identity_;
  Clock::time_point files_read_at_{};
  // Of the exec plugin.
  bool handed_out_ = false;  // there is something of it, which has not been refused
  std::optional<core::SystemTime> expires_;
  Clock::time_point asked_at_{};
  core::Result<void> answer_;  // of the last run
};

}  // namespace kube
