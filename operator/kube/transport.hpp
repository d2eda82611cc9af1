// HTTP to the API server over libcurl. `send` works on the caller's thread until the answer is there; for an Exchange
// nobody waits: a thread of the transport drives all of them. Connections are kept. Owned by main, safe on any thread.
// The destructor cancels what is under way; nobody may be within `send` then.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "operator/kube/config.hpp"

namespace kube {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  ///< path and query
  std::string content_type;
  std::string body;
  std::chrono::milliseconds timeout{30'000};  ///< whole request; not used where the body comes in pieces
};

/// How the body of an answer 200 is handed over.
enum class Delivery { kWhole, kInPieces };

struct Transfer;

struct HttpResponse {
  long status = 0;
  std::string body;
  std::optional<std::chrono::milliseconds> retry_after;  ///< of the Retry-After header, when in seconds
};

class Transport {
 public:
  /// An answer larger than this, which comes as a whole, fails with kTooLarge: some times what etcd takes of an object.
  static constexpr std::size_t kMaxAnswerBytes = 8U << 20U;
  /// While a stream's reader is behind by this much, the connection is not read.
  static constexpr std::size_t kMaxStreamBacklog = 1U << 20U;

  explicit Transport(ClientConfig config);
  virtual ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Sends and waits for the whole answer, whatever its status. Fails with kUnavailable, kTimeout, kTooLarge or, when
  /// `stop` is requested, kCancelled.
  /// Virtual so that a test can make each request fail in each way.
  virtual core::Result<HttpResponse> send(HttpRequest request, const std::stop_token& stop);

  class Exchange;
  /// Sends, and comes back at once. `on_change` is called on the transport's thread when there is something to take; it
  /// must not block, nor use the exchange. Fails if there is no identity to ask with; `stop` ends the wait for one.
  core::Result<std::unique_ptr<Exchange>> begin(HttpRequest request, Delivery delivery, std::function<void()> on_change,
                                                const std::stop_token& stop);

  /// The server's "HOST:PORT", for logs and metrics.
  const std::string& host() const;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

/// A request that is under way. Used by one thread at a time, and not after its transport. The destructor cancels it;
/// `on_change` is not called afterwards.
class Transport::Exchange {
 public:
  using Sink = std::function<bool(std::string_view)>;

  Exchange(Server& server, std::shared_ptr<Transfer> transfer);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Passes what came since the last call to `sink`, if the body of a 200 is delivered in pieces. Gives nothing while
  /// the exchange continues, and its outcome once it has ended: as `send`, or a 200 without a body when `sink` gave
  /// false. Not to be called after that.
  std::optional<core::Result<HttpResponse>> take(const Sink& sink);

 private:
  Server& server_;
  std::shared_ptr<Transfer> transfer_;
};

}  // namespace kube
