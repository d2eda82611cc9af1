#include "operator/kube/exec_plugin.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/digest.hpp"
#include "operator/kube/object.hpp"

namespace kube {
namespace {

using core::ErrorKind;
using core::Result;
using Clock = std::chrono::steady_clock;

constexpr const char* kExecInfo = "KUBERNETES_EXEC_INFO";

/// Closes what it has.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

/// What the plugin is told of its task (ExecCredential.spec).
std::string exec_info(const ClientConfig& config) {
  boost::json::object spec{{"interactive", false}};
  if (config.exec->provide_cluster_info) {
    auto& cluster = spec["cluster"].emplace_object();
    cluster["server"] = config.server;
    if (!config.tls_server_name.empty()) cluster["tls-server-name"] = config.tls_server_name;
    if (!config.ca.empty()) cluster["certificate-authority-data"] = core::base64_encode(config.ca);
    if (!config.proxy_url.empty()) cluster["proxy-url"] = config.proxy_url;
    if (config.insecure_skip_tls_verify) cluster["insecure-skip-tls-verify"] = true;
  }
  return text_of({{"apiVersion", config.exec->api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}});
}

/// Our environment with the plugin's variables in place of ours.
std::vector<std::string> environment_of(const ClientConfig& config) {
  std::map<std::string, std::string, std::less<>> added;
  for (const auto& [name, value] : config.exec->env) added.insert_or_assign(name, value);
  added.insert_or_assign(kExecInfo, exec_info(config));
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text{*variable};
    const auto name = text.substr(0, text.find('='));
    if (!added.contains(name)) environment.emplace_back(text);
  }
  for (const auto& [name, value] : added) environment.push_back(fmt::format("{}={}", name, value));
  return environment;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// A running plugin: in a process group of its own, which is killed if it has not ended.
class Child {
 public:
  Child() = default;
  ~Child() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Gives an errno.
  int start(const ClientConfig& config) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
    output_.emplace(ends[0]);
    const Descriptor input{ends[1]};
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    auto words = config.exec->args;
    words.insert(words.begin(), config.exec->command);
    auto environment = environment_of(config);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // Signals that we block or ignore are nothing to the plugin.
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    const int error = posix_spawnp(&pid_, words[0].c_str(), &actions, &attributes, pointers_to(words).data(),
                                   pointers_to(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error == 0) ended_.emplace(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    return error;
  }

  /// Waits a while for output or the end.
  void wait(std::chrono::milliseconds at_most) const {
    std::array<pollfd, 2> watched{pollfd{output_->number(), POLLIN, 0}, pollfd{ended_->number(), POLLIN, 0}};
    poll(watched.data(), watched.size(), static_cast<int>(at_most.count()));
  }

  /// Appends what there is of output, up to a little more than is allowed.
  void read(std::string& text) {
    std::array<char, 4096> buffer{};
    ssize_t count = -1;
    while (text.size() <= kMaxPluginOutput && (count = ::read(output_->number(), buffer.data(), buffer.size())) > 0)
      text.append(buffer.data(), static_cast<std::size_t>(count));
    if (count == 0) output_->close();
  }

  /// Its exit code once it has ended; 128 and the number of the signal that ended it. Where children are reaped by the
  /// system (SIGCHLD is ignored), what it would have said is lost: 127.
  std::optional<int> exit_code() {
    int status = 0;
    const auto ended = waitpid(pid_, &status, WNOHANG);
    if (ended == 0) return std::nullopt;
    pid_ = -1;
    if (ended < 0) return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  std::optional<Descriptor> output_;
  std::optional<Descriptor> ended_;
};

/// The plugin's output when it has ended well.
Result<std::string> output_of(const ClientConfig& config, std::chrono::milliseconds timeout,
                              const std::stop_token& stop) {
  static constexpr std::chrono::milliseconds kLookAgain{100};
  const auto& plugin = *config.exec;
  const auto deadline = Clock::now() + timeout;
  Child child;
  if (const int error = child.start(config); error != 0)
    return core::fail(ErrorKind::kInvalidInput,
                      fmt::format("the kubeconfig's exec plugin {} cannot be run: {}{}{}", plugin.command,
                                  std::strerror(error), plugin.install_hint.empty() ? "" : "; ", plugin.install_hint));
  std::string output;
  while (true) {
    child.wait(kLookAgain);
    const auto code = child.exit_code();
    child.read(output);  // what was said before the end, too
    if (output.size() > kMaxPluginOutput)
      return core::fail(ErrorKind::kTooLarge,
                        fmt::format("the exec plugin {} said more than {} bytes", plugin.command, kMaxPluginOutput));
    if (code == 0) return output;
    if (code)
      return core::fail(ErrorKind::kUnauthorized,
                        fmt::format("the exec plugin {} ended with exit code {}", plugin.command, *code));
    if (stop.stop_requested()) return core::fail(ErrorKind::kCancelled, "cancelled");
    if (Clock::now() >= deadline)
      return core::fail(ErrorKind::kTimeout,
                        fmt::format("the exec plugin {} did not end within {} ms", plugin.command, timeout.count()));
  }
}

}  // namespace

Result<ExecCredential> run_exec_plugin(const ClientConfig& config, std::chrono::milliseconds timeout,
                                       const std::stop_token& stop) {
  const auto output = output_of(config, timeout, stop);
  if (!output) return tl::unexpected(output.error());
  auto credential = parse_exec_credential(*output, config.exec->api_version);
  if (!credential) return core::fail(credential.error(), "the exec plugin " + config.exec->command);
  return credential;
}

Result<ExecCredential> parse_exec_credential(std::string_view text, const std::string& api_version) {
  const auto given = Object::parse(text);
  if (!given || value_at<std::string_view>(given->json(), {"kind"}) != "ExecCredential")
    return core::fail(ErrorKind::kMalformed, "gave no JSON of kind ExecCredential");
  const auto& json = given->json();
  if (const auto version = value_at<std::string>(json, {"apiVersion"}); version != api_version)
    return core::fail(ErrorKind::kMalformed,
                      fmt::format("gave apiVersion \"{}\"; the kubeconfig says {}", version, api_version));
  ExecCredential credential{value_at<std::string>(json, {"status", "token"}),
                            value_at<std::string>(json, {"status", "clientCertificateData"}),
                            value_at<std::string>(json, {"status", "clientKeyData"}), std::nullopt};
  if (credential.certificate.empty() != credential.key.empty())
    return core::fail(ErrorKind::kMalformed, "gave one of clientCertificateData and clientKeyData without the other");
  if (credential.token.empty() && credential.certificate.empty())
    return core::fail(ErrorKind::kMalformed, "gave neither a token nor a client certificate");
  if (const auto expires = value_at<std::string>(json, {"status", "expirationTimestamp"}); !expires.empty()) {
    credential.expires = core::parse_time(expires);
    if (!credential.expires)
      return core::fail(ErrorKind::kMalformed, fmt::format("gave the expirationTimestamp \"{}\"", expires));
  }
  return credential;
}

}  // namespace kube
