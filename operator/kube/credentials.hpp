// What authenticates us and the server, kept fresh: projected service-account tokens and CA bundles are rotated by the
// kubelet, so their files are read again at least once a minute; when a read fails, the last good content stays in use.
// What an exec plugin handed out is used until it expires or is refused. Owned by the transport; locks, so safe on any
// thread. Only who asks for what to use may have to wait for the plugin.
#pragma once

#include <chrono>
#include <condition_variable>
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
  /// How old what was read of files may get.
  static constexpr std::chrono::seconds kRefresh{60};
  /// For how long an exec plugin may run.
  static constexpr std::chrono::seconds kPluginTimeout{30};
  /// An exec plugin is not run more often than this.
  static constexpr std::chrono::seconds kPluginPause{1};

  explicit Credentials(ClientConfig config, std::chrono::milliseconds refresh = kRefresh);

  const ClientConfig& config() const { return config_; }
  /// What to use now. Fails only as `run_exec_plugin` does.
  core::Result<IdentityPtr> current(const std::stop_token& stop);
  /// The server refused us with this: what is newer is looked for at the next request.
  void refused(const IdentityPtr& used);
  /// We did not trust the server with this: the same for the CA.
  void distrusted(const IdentityPtr& used);

 private:
  using Clock = std::chrono::steady_clock;

  void read_files();
  core::Result<void> ask_plugin(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  bool has_credential() const;

  const ClientConfig config_;
  const std::chrono::milliseconds refresh_;
  std::mutex mutex_;
  IdentityPtr identity_;
  Clock::time_point files_read_at_{};
  bool handed_out_ = false;  // by the plugin, and not refused since
  std::optional<core::SystemTime> expires_;
  bool plugin_runs_ = false;  // on one thread, without the lock; the others wait
  std::condition_variable_any plugin_ended_;
  Clock::time_point asked_at_{};
  core::Result<void> answer_;  // of its last run
};

}  // namespace kube
