#include "operator/kube/transport.hpp"

#include <deque>
#include <thread>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "operator/kube/transfer.hpp"

namespace kube {

using core::ErrorKind;
using core::Result;
using TransferPtr = std::shared_ptr<Transfer>;

constexpr long kOk = 200;
constexpr long kUnauthorized = 401;

/// The thread and what is handed to it. Only that thread touches the multi handle.
class Transport::Loop {
 public:
  explicit Loop(ClientConfig config) : credentials_{std::move(config)} {
    multi_ = curl_is_ready() ? curl_multi_init() : nullptr;
    if (multi_ == nullptr) throw std::bad_alloc{};
    const auto& server = credentials_.config().server;
    const auto scheme = server.find("://");
    host_ = scheme == std::string::npos ? server : server.substr(scheme + 3);
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }

  ~Loop() {
    thread_.request_stop();
    curl_multi_wakeup(multi_);
    thread_.join();
    curl_multi_cleanup(multi_);
  }

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  enum class Command { kStart, kResume, kCancel };

  void post(Command command, TransferPtr transfer) {
    {
      const std::lock_guard lock{mutex_};
      commands_.emplace_back(command, std::move(transfer));
    }
    curl_multi_wakeup(multi_);
  }

  const std::string& host() const { return host_; }
  Credentials& credentials() { return credentials_; }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      take_commands();
      int running = 0;
      curl_multi_perform(multi_, &running);
      take_finished();
      curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
    take_commands();
    while (!active_.empty()) end(active_.begin()->first, CURLE_ABORTED_BY_CALLBACK);
  }

  void take_commands() {
    std::deque<std::pair<Command, TransferPtr>> commands;
    {
      const std::lock_guard lock{mutex_};
      commands.swap(commands_);
    }
    for (auto& [command, transfer] : commands) {
      const bool is_active = active_.contains(transfer->easy);
      if (command == Command::kStart) {
        transfer->prepare(credentials_.config());
        active_.emplace(transfer->easy, transfer);
        curl_multi_add_handle(multi_, transfer->easy);
      } else if (command == Command::kResume && is_active) {
        curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
      } else if (command == Command::kCancel && is_active) {
        end(transfer->easy, CURLE_ABORTED_BY_CALLBACK);
      }
    }
  }

  void take_finished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      end(message->easy_handle, message->data.result);
    }
  }

  void end(CURL* easy, CURLcode code) {
    curl_multi_remove_handle(multi_, easy);
    const auto transfer = active_.extract(easy).mapped();
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    // Before whoever waits for the answer can ask again.
    if (status == kUnauthorized) credentials_.refused(transfer->identity);
    if (code == CURLE_PEER_FAILED_VERIFICATION) credentials_.distrusted(transfer->identity);
    transfer->finish(code);
  }

  Credentials credentials_;
  std::string host_;
  CURLM* multi_ = nullptr;
  std::mutex mutex_;
  std::deque<std::pair<Command, TransferPtr>> commands_;
  std::unordered_map<CURL*, TransferPtr> active_;
  std::jthread thread_;
};

namespace {

/// What a finished transfer means to the caller.
Result<HttpResponse> outcome_of(Transfer& transfer, const std::string& host) {
  const auto what = fmt::format("{} {} at {}", transfer.request.method, transfer.request.target, host);
  if (transfer.too_large)
    return core::fail(ErrorKind::kTooLarge,
                      fmt::format("{}: the answer exceeds {} bytes", what, Transport::kMaxAnswerBytes));
  switch (transfer.outcome) {
    case CURLE_OK:
      return HttpResponse{transfer.status, std::move(transfer.received), transfer.retry_after};
    case CURLE_OPERATION_TIMEDOUT:
      return core::fail(ErrorKind::kTimeout, fmt::format("{}: {}", what, transfer.problem));
    case CURLE_ABORTED_BY_CALLBACK:
      return core::fail(ErrorKind::kCancelled, fmt::format("{}: cancelled", what));
    default:
      return core::fail(ErrorKind::kUnavailable, fmt::format("{}: {}", what, transfer.problem));
  }
}

}  // namespace

Transport::Transport(ClientConfig config) : loop_{std::make_unique<Loop>(std::move(config))} {}
Transport::~Transport() = default;

const std::string& Transport::host() const { return loop_->host(); }

Result<HttpResponse> Transport::send(HttpRequest request, const std::stop_token& stop) {
  const auto identity = loop_->credentials().current(stop);
  if (!identity) return tl::unexpected(identity.error());
  const auto transfer = std::make_shared<Transfer>(std::move(request), Delivery::kWhole, *identity, nullptr);
  loop_->post(Loop::Command::kStart, transfer);
  std::unique_lock lock{transfer->mutex};
  if (!transfer->changed.wait(lock, stop, [&] { return transfer->done; })) {
    loop_->post(Loop::Command::kCancel, transfer);
    transfer->changed.wait(lock, [&] { return transfer->done; });
  }
  return outcome_of(*transfer, host());
}

Result<std::unique_ptr<Transport::Exchange>> Transport::begin(HttpRequest request, Delivery delivery,
                                                              std::function<void()> on_change,
                                                              const std::stop_token& stop) {
  const auto identity = loop_->credentials().current(stop);
  if (!identity) return tl::unexpected(identity.error());
  auto transfer = std::make_shared<Transfer>(std::move(request), delivery, *identity, std::move(on_change));
  loop_->post(Loop::Command::kStart, transfer);
  return std::make_unique<Exchange>(*loop_, std::move(transfer));
}

Transport::Exchange::Exchange(Loop& loop, TransferPtr transfer) : loop_{loop}, transfer_{std::move(transfer)} {}

Transport::Exchange::~Exchange() {
  {
    const std::lock_guard lock{transfer_->mutex};
    transfer_->on_change = nullptr;
  }
  loop_.post(Loop::Command::kCancel, transfer_);
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
  if (resume) loop_.post(Loop::Command::kResume, transfer_);
  if (!done) return std::nullopt;
  return outcome_of(*transfer_, loop_.host());
}

}  // namespace kube
