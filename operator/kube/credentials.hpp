// What authenticates us and the server, kept fresh: projected service-account tokens and CA bundles are rotated by the
// kubelet, so their files are read again at least once a minute; when a read fails, the last good content stays in use.
// Owned by the transport; locks, so safe on any thread.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "operator/kube/config.hpp"

namespace kube {

class Credentials {
 public:
  static constexpr std::chrono::seconds kRefresh{60};

  explicit Credentials(ClientConfig config);

  const ClientConfig& config() const { return config_; }
  /// The bearer token to send now, or empty.
  std::string token();
  /// The server refused us, or we it: the files are read again at the next request.
  void doubt();
  /// The CA bundle in PEM to trust now, or empty for the system's.
  std::shared_ptr<const std::string> ca();

 private:
  void refresh();

  ClientConfig config_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point read_at_{};
  std::string token_;
  std::shared_ptr<const std::string> ca_;
};

}  // namespace kube
