#include "operator/kube/transport.hpp"

#include <utility>

#include <fmt/format.h>

#include "operator/kube/sender.hpp"
#include "operator/kube/transfer.hpp"
#include "operator/kube/transfer_loop.hpp"

namespace kube {

using core::ErrorKind;
using core::Result;
constexpr long kOk = 200;
constexpr long kUnauthorized = 401;

/// "HOST:PORT" of an address.
static std::string host_of(const std::string& url) {
  const auto scheme = url.find("://");
  return scheme == std::string::npos ? url : url.substr(scheme + 3);
}

/// What both ways of sending share. Safe on any thread.
class Transport::Server {
 public:
  explicit Server(ClientConfig config)
      : credentials_{std::move(config)},
        host_{host_of(credentials_.config().server)},
        loop_{[this](Transfer& transfer, CURLcode code) { finish(transfer, code); }} {}

  const std::string& host() const { return host_; }
  Credentials& credentials() { return credentials_; }
  SenderPool& senders() { return senders_; }
  TransferLoop& loop() { return loop_; }

  /// Before the caller, which waits for the answer, can ask again.
  void finish(Transfer& transfer, CURLcode code) {
    long status = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == kUnauthorized) credentials_.refused(transfer.identity);
    if (code == CURLE_PEER_FAILED_VERIFICATION) credentials_.distrusted(transfer.identity);
    transfer.finish(code);
  }

 private:
  Credentials credentials_;
  std::string host_;
  SenderPool senders_;
  TransferLoop loop_;  // ends first: its thread uses the others
};

namespace {

/// What a finished transfer means to the caller.
Result<HttpResponse> outcome_of(Transfer& transfer, const std::string& host) {
  const auto what = [&] { return fmt::format("{} {} at {}", transfer.request.method, transfer.request.target, host); };
  if (transfer.too_large)
    return core::fail(ErrorKind::kTooLarge,
                      fmt::format("{}: the answer exceeds {} bytes", what(), Transport::kMaxAnswerBytes));
  switch (transfer.outcome) {
    case CURLE_OK:
      return HttpResponse{transfer.status, std::move(transfer.received), transfer.retry_after};
    case CURLE_OPERATION_TIMEDOUT:
      return core::fail(ErrorKind::kTimeout, fmt::format("{}: {}", what(), transfer.problem));
    case CURLE_ABORTED_BY_CALLBACK:
      return core::fail(ErrorKind::kCancelled, fmt::format("{}: cancelled", what()));
    default:
      return core::fail(ErrorKind::kUnavailable, fmt::format("{}: {}", what(), transfer.problem));
  }
}

}  // namespace

Transport::Transport(ClientConfig config) : server_{std::make_unique<Server>(std::move(config))} {}
Transport::~Transport() = default;

const std::string& Transport::host() const { return server_->host(); }

Result<HttpResponse> Transport::send(HttpRequest request, const std::stop_token& stop) {
  const auto identity = server_->credentials().current(stop);
  if (!identity) return tl::unexpected(identity.error());
  const SenderPool::Lease sender{server_->senders()};
  Transfer transfer{std::move(request), Delivery::kWhole, *identity, nullptr};
  transfer.prepare(server_->credentials().config());
  server_->finish(transfer, sender->carry_out(transfer, stop));
  return outcome_of(transfer, host());
}

Result<std::unique_ptr<Transport::Exchange>> Transport::begin(HttpRequest request, Delivery delivery,
                                                              std::function<void()> on_change,
                                                              const std::stop_token& stop) {
  const auto identity = server_->credentials().current(stop);
  if (!identity) return tl::unexpected(identity.error());
  auto transfer = std::make_shared<Transfer>(std::move(request), delivery, *identity, std::move(on_change));
  transfer->prepare(server_->credentials().config());
  server_->loop().start(transfer);
  return std::make_unique<Exchange>(*server_, std::move(transfer));
}

Transport::Exchange::Exchange(Server& server, std::shared_ptr<Transfer> transfer)
    : server_{server}, transfer_{std::move(transfer)} {}

Transport::Exchange::~Exchange() {
  {
    const std::lock_guard lock{transfer_->mutex};
    transfer_->on_change = nullptr;
  }
  server_.loop().cancel(transfer_);
}

std::optional<Result<HttpResponse>> Transport::Exchange::take(const Sink& sink) {
  std::string pieces;
  bool resume = false;
  bool done = false;
  {
    const std::lock_guard lock{transfer_->mutex};
    done = transfer_->done;
    if (transfer_->in_pieces()) {
      pieces.swap(transfer_->received);
      resume = std::exchange(transfer_->paused, false);
    }
  }
  if (!pieces.empty() && !sink(pieces)) return HttpResponse{kOk, {}, std::nullopt};
  if (resume) server_.loop().resume(transfer_);
  if (!done) return std::nullopt;
  return outcome_of(*transfer_, server_.host());
}

}  // namespace kube
