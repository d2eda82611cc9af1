// Sends one request at a time, on the caller's thread and over a connection that it keeps for the next one: no other
// thread is woken for it. Owned by the transport's pool; used by one thread at a time.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include <curl/curl.h>

#include "operator/kube/transfer.hpp"

namespace kube {

class Sender {
 public:
  Sender();
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// Carries out a transfer that is prepared. CURLE_ABORTED_BY_CALLBACK when `stop` is requested before its end.
  CURLcode carry_out(Transfer& transfer, const std::stop_token& stop);

 private:
  CURLM* multi_;
};

/// As many senders as there were ever requests at once. Safe on any thread.
class SenderPool {
 public:
  /// The one that was used last, as its connection is the likeliest to be open still; back in the pool with its end.
  class Lease {
   public:
    explicit Lease(SenderPool& pool);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Sender* operator->() const { return sender_.get(); }

   private:
    SenderPool& pool_;
    std::unique_ptr<Sender> sender_;
  };

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Sender>> idle_;
};

}  // namespace kube
