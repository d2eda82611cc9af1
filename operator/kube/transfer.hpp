// One HTTP exchange, with its curl handle. Internal to the transport: curl's callbacks fill it on the thread that
// drives it; where that is not the caller's own, the caller takes from it under the lock.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "operator/kube/credentials.hpp"
#include "operator/kube/transport.hpp"

namespace kube {

/// Sets libcurl up, the first time; whether it can be used.
bool curl_is_ready();

struct Transfer {
  /// `as` is the identity that asks; `changed` may be empty.
  Transfer(HttpRequest wanted, Delivery as_wanted, IdentityPtr as, std::function<void()> when_changed);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Sets up the curl handle; called once, before it is added to a multi handle.
  void prepare(const ClientConfig& config);
  /// Tells that there is something to take that was not there before; on that thread.
  void tell();
  /// Called on that thread when curl is done with it.
  void finish(CURLcode code);

  const HttpRequest request;
  const Delivery delivery;
  const IdentityPtr identity;
  CURL* easy;
  /// What a round of the thread that drives it brought, if anyone looks.
  struct Round {
    std::size_t bytes = 0;          // of bodies
    std::vector<Transfer*> told{};  // those that have something to take that was not there before
  };
  Round* round = nullptr;

  std::mutex mutex;
  std::string received;  ///< body bytes that the caller has not taken
  long status = 0;
  std::optional<std::chrono::milliseconds> retry_after;
  bool done = false;
  bool paused = false;
  bool too_large = false;
  CURLcode outcome = CURLE_OK;
  std::string problem;  ///< curl's words, when the outcome is a failure
  /// Called under the lock, by `tell`.
  std::function<void()> on_change;

  /// Whether what was received is to be taken as it comes: another status has its body whole. Under the lock.
  bool in_pieces() const;

 private:
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_send(char* bytes, std::size_t size, std::size_t count, void* self);
  void prepare_body();
  void prepare_server(const ClientConfig& config);
  void prepare_identity();

  std::size_t handed_out_ = 0;  // of the body of a POST
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace kube
