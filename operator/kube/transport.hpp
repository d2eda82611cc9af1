// HTTP to the API server over libcurl: one thread drives every request and every watch through one curl_multi handle,
// so connections are reused; callers block until their answer is there. Owned by main, safe on any thread. The
// destructor cancels what is under way.
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
  std::chrono::milliseconds timeout{30'000};  ///< whole request; not used by `stream`
};

struct HttpResponse {
  long status = 0;
  std::string body;
  std::optional<std::chrono::milliseconds> retry_after;  ///< of the Retry-After header, when in seconds
};

class Transport {
 public:
  /// An answer larger than this fails with kTooLarge.
  static constexpr std::size_t kMaxAnswerBytes = 64U << 20U;
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

  /// Sends and passes the body of a 200 to `on_chunk` as it comes, on the caller's thread, until the server ends it
  /// (success), `on_chunk` gives false (success), nothing came for `idle()` (kTimeout), or `stop` (kCancelled). Another
  /// status is returned as the response with its body.
  core::Result<HttpResponse> stream(HttpRequest request, const std::function<std::chrono::milliseconds()>& idle,
                                    const std::stop_token& stop, const std::function<bool(std::string_view)>& on_chunk);

  /// The server's "HOST:PORT", for logs and metrics.
  const std::string& host() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace kube
