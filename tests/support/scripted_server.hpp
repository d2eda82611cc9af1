// An HTTPS or HTTP server whose every byte a test decides: for what a real API server, or a pod, cannot be made to do.
// It hands each request to the test's script, on a thread of the connection's own.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace support {

struct ScriptedRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  int connection = 0;  ///< counts from 1
  std::chrono::steady_clock::time_point at{};
};

/// The connection on which a request came, for the time of its answer.
class ScriptedReply {
 public:
  virtual ~ScriptedReply() = default;
  /// These bytes, as they stand; false when the client has gone.
  virtual bool raw(std::string_view bytes) = 0;
  /// No more; without a goodbye of TLS, as when a machine is lost.
  virtual void cut() = 0;
  /// Says nothing until the client goes, or the server ends.
  virtual void hold() = 0;

  /// A whole answer.
  void answer(int status, std::string_view body, std::string_view more_headers = "");
  /// The head of a watch: what follows is its stream, to the end of the connection.
  void begin_stream();
};

class ScriptedServer {
 public:
  using Script = std::function<void(const ScriptedRequest&, ScriptedReply&)>;

  enum class Address { kIpv4, kIpv6 };
  enum class Scheme { kHttps, kHttp };

  /// Listens on loopback. Its certificate is for both addresses and for "api.example".
  explicit ScriptedServer(Script script, Address address = Address::kIpv4, Scheme scheme = Scheme::kHttps);
  /// Cuts every connection.
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  /// SCHEME://HOST:PORT
  std::string url() const;
  /// The certificate that new connections show, which is its own authority; PEM.
  std::string authority() const;
  /// From now on another one.
  void change_authority();
  /// What came so far.
  std::vector<ScriptedRequest> requests() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace support
