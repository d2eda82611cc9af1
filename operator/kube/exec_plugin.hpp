// Runs the credential plugin of a kubeconfig (its `exec`; client.authentication.k8s.io) and reads what it hands out.
// Stateless; blocks the thread that it is called on.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "core/result.hpp"
#include "core/time.hpp"
#include "operator/kube/config.hpp"

namespace kube {

/// The status of an ExecCredential: a token, or a certificate chain with its key in PEM, or both.
struct ExecCredential {
  std::string token;
  std::string certificate;
  std::string key;
  std::optional<core::SystemTime> expires;  ///< without it, good until the server refuses it
};

/// More than this of an answer is refused.
inline constexpr std::size_t kMaxPluginOutput = 1U << 20U;

/// Runs `config.exec`, which must be there. What it says on its standard error goes to ours. Fails with kInvalidInput
/// when there is no such program, kUnauthorized when it ends badly, kMalformed or kTooLarge when its answer is no
/// ExecCredential, kTimeout after `timeout`, kCancelled when `stop` is requested; it is killed then.
core::Result<ExecCredential> run_exec_plugin(const ClientConfig& config, std::chrono::milliseconds timeout,
                                             const std::stop_token& stop);

/// Reads a plugin's answer.
core::Result<ExecCredential> parse_exec_credential(std::string_view text, const std::string& api_version);

}  // namespace kube
