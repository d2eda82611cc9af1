#include "operator/kube/fetch.hpp"

#include <deque>
#include <memory>
#include <span>

#include <fmt/format.h>

#include "operator/kube/transfer.hpp"

namespace kube {
namespace {

using core::ErrorKind;
using core::Result;

using Multi = std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)>;

/// One GET; curl holds its address.
struct Fetch {
  Fetch(CURLM* set, const std::string& address, const FetchLimits& bounds)
      : multi{set}, easy{curl_easy_init()}, url{address}, limits{bounds} {
    if (easy == nullptr) throw std::bad_alloc{};
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "realtime-operator");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Fetch::on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
    curl_multi_add_handle(multi, easy);
  }
  ~Fetch() {
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
  }
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& fetch = *static_cast<Fetch*>(self);
    fetch.too_large = fetch.body.size() + size * count > fetch.limits.max_bytes;
    if (fetch.too_large) return 0;
    fetch.body.append(bytes, size * count);
    return size * count;
  }

  /// What it has come to; CURLE_ABORTED_BY_CALLBACK stands until curl has said otherwise.
  Result<std::string> outcome() {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (too_large)
      return core::fail(ErrorKind::kTooLarge, fmt::format("{}: more than {} bytes", url, limits.max_bytes));
    if (code == CURLE_ABORTED_BY_CALLBACK) return core::fail(ErrorKind::kCancelled, url + ": cancelled");
    if (code != CURLE_OK)
      return core::fail(code == CURLE_OPERATION_TIMEDOUT ? ErrorKind::kTimeout : ErrorKind::kUnavailable,
                        fmt::format("{}: {}", url, curl_easy_strerror(code)));
    if (status != 200) return core::fail(ErrorKind::kUnavailable, fmt::format("{}: status {}", url, status));
    return std::move(body);
  }

  CURLM* multi;
  CURL* easy;
  const std::string& url;
  const FetchLimits& limits;
  std::string body;
  bool too_large = false;
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
};

void take_finished(CURLM* multi) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* fetch = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
    reinterpret_cast<Fetch*>(fetch)->code = message->data.result;
  }
}

/// Drives all of `fetches` until each is done or `stop` is requested.
void drive(CURLM* multi, const std::stop_token& stop) {
  const std::stop_callback wake{stop, [multi] { curl_multi_wakeup(multi); }};
  int running = 1;
  while (running > 0 && !stop.stop_requested()) {
    curl_multi_perform(multi, &running);
    take_finished(multi);
    if (running > 0) curl_multi_poll(multi, nullptr, 0, 1'000, nullptr);
  }
}

}  // namespace

std::vector<Result<std::string>> fetch_all(const std::vector<std::string>& urls, const FetchLimits& limits,
                                           const std::stop_token& stop) {
  const Multi multi{curl_is_ready() ? curl_multi_init() : nullptr, &curl_multi_cleanup};
  if (!multi) throw std::bad_alloc{};
  std::vector<Result<std::string>> outcomes;
  for (std::span rest{urls}; !rest.empty();) {
    const auto group = rest.first(std::min(rest.size(), limits.at_once));
    rest = rest.subspan(group.size());
    std::deque<Fetch> fetches;
    for (const auto& url : group) fetches.emplace_back(multi.get(), url, limits);
    drive(multi.get(), stop);
    for (auto& fetch : fetches) outcomes.push_back(fetch.outcome());
  }
  return outcomes;
}

}  // namespace kube
