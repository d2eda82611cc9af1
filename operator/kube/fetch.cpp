#include "operator/kube/fetch.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "operator/kube/line_reader.hpp"
#include "operator/kube/transfer.hpp"

namespace kube {
namespace {

using core::ErrorKind;
using core::Result;

constexpr std::size_t kMaxHeaders = 16U << 10U;  // bytes; curl keeps them all
constexpr std::chrono::milliseconds kLongestWait{60'000};

/// The GETs of a group.
struct Group {
  std::deque<Fetch> waiting;
  std::size_t under_way = 0;
  bool has_turn = false;
};
using Groups = std::map<std::string, Group>;

/// One GET that is under way; curl holds its address.
class Get {
 public:
  Get(CURLM* multi, Groups::iterator group, Fetch fetch, const FetchLimits& limits)
      : multi_{multi},
        easy_{curl_easy_init()},
        group_{group},
        fetch_{std::move(fetch)},
        limits_{limits},
        lines_{limits.max_line} {
    if (easy_ == nullptr) throw std::bad_alloc{};
    curl_easy_setopt(easy_, CURLOPT_URL, fetch_.url.c_str());
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_USERAGENT, "realtime-operator");
    // Who is asked again is asked much later.
    curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.timeout.count()));
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Get::on_header);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Get::on_body);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_multi_add_handle(multi_, easy_);
  }
  ~Get() {
    curl_multi_remove_handle(multi_, easy_);
    curl_easy_cleanup(easy_);
  }
  Get(const Get&) = delete;
  Get& operator=(const Get&) = delete;

  CURL* easy() const { return easy_; }
  Groups::iterator group() const { return group_; }
  const Fetch& fetch() const { return fetch_; }

  /// What it has come to, once curl is done with it.
  Result<void> outcome(CURLcode code) const {
    if (problem_) return tl::unexpected(*problem_);
    if (code != CURLE_OK)
      return core::fail(code == CURLE_OPERATION_TIMEDOUT ? ErrorKind::kTimeout : ErrorKind::kUnavailable,
                        fmt::format("{}: {}", fetch_.url, curl_easy_strerror(code)));
    if (status() != 200) return core::fail(ErrorKind::kUnavailable, fmt::format("{}: status {}", fetch_.url, status()));
    if (lines_.is_within_line())
      return core::fail(ErrorKind::kMalformed, fmt::format("{}: its last line has no end", fetch_.url));
    return {};
  }

 private:
  static std::size_t on_header(char*, std::size_t size, std::size_t count, void* self) {
    return static_cast<Get*>(self)->take_header(size * count) ? size * count : 0;
  }
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    return static_cast<Get*>(self)->take_body({bytes, size * count}) ? size * count : 0;
  }

  bool take_header(std::size_t bytes) {
    headers_ += bytes;
    return headers_ <= kMaxHeaders ||
           give_up(ErrorKind::kTooLarge, fmt::format("headers of over {} bytes", kMaxHeaders));
  }

  bool take_body(std::string_view bytes) {
    if (status() != 200) return give_up(ErrorKind::kUnavailable, fmt::format("status {}", status()));
    body_ += bytes.size();
    if (body_ > limits_.max_body)
      return give_up(ErrorKind::kTooLarge, fmt::format("a body of over {} bytes", limits_.max_body));
    return lines_.read(bytes, fetch_.on_line) ||
           give_up(ErrorKind::kTooLarge, fmt::format("a line of over {} bytes", limits_.max_line));
  }

  bool give_up(ErrorKind kind, const std::string& why) {
    problem_ = core::Error{kind, fmt::format("{}: {}", fetch_.url, why)};
    return false;
  }

  long status() const {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  CURLM* multi_;
  CURL* easy_;
  Groups::iterator group_;
  Fetch fetch_;
  const FetchLimits& limits_;
  LineReader lines_;
  std::size_t headers_ = 0;  // bytes so far
  std::size_t body_ = 0;
  std::optional<core::Error> problem_;  // why we ended it
};

}  // namespace

class Fetcher::Loop {
 public:
  explicit Loop(const FetchLimits& limits)
      : limits_{limits}, multi_{curl_is_ready() ? curl_multi_init() : nullptr, &curl_multi_cleanup} {
    if (!multi_) throw std::bad_alloc{};
  }

  void add(Fetch fetch) {
    const auto group = groups_.try_emplace(fetch.group).first;
    group->second.waiting.push_back(std::move(fetch));
    settle(group);
  }

  void turn(Clock::time_point until) {
    std::size_t ended = begin_waiting();
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    ended += take_finished();
    if (ended > 0) return;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    const auto wait = std::clamp(left, std::chrono::milliseconds{0}, kLongestWait);
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
  }

  void wake() { curl_multi_wakeup(multi_.get()); }

 private:
  /// Begins the first GET of each group in turn, while there is room; gives how many ended instead.
  std::size_t begin_waiting() {
    std::size_t ended = 0;
    while (under_way_.size() < limits_.at_once && !turns_.empty()) {
      const auto group = turns_.front();
      turns_.pop_front();
      group->second.has_turn = false;
      auto fetch = std::move(group->second.waiting.front());
      group->second.waiting.pop_front();
      if (!fetch.stop.stop_requested()) {
        ++group->second.under_way;
        auto get = std::make_unique<Get>(multi_.get(), group, std::move(fetch), limits_);
        auto* const easy = get->easy();
        under_way_.emplace(easy, std::move(get));
        settle(group);
        continue;
      }
      settle(group);
      fetch.on_end(core::fail(ErrorKind::kCancelled, fetch.url + ": cancelled"));
      ++ended;
    }
    return ended;
  }

  /// Calls back for each GET that has ended; gives how many.
  std::size_t take_finished() {
    std::size_t ended = 0;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto code = message->data.result;
      const auto get = std::move(under_way_.extract(message->easy_handle).mapped());
      --get->group()->second.under_way;
      settle(get->group());
      get->fetch().on_end(get->outcome(code));
      ++ended;
    }
    return ended;
  }

  /// Gives the group a turn if it has a GET that may begin, and forgets it if it has none at all.
  void settle(Groups::iterator at) {
    auto& group = at->second;
    if (group.has_turn) return;
    if (group.waiting.empty()) {
      if (group.under_way == 0) groups_.erase(at);
    } else if (group.under_way < limits_.at_once_in_group) {
      group.has_turn = true;
      turns_.push_back(at);
    }
  }

  const FetchLimits limits_;
  const std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
  Groups groups_;                       // those that have any GET
  std::deque<Groups::iterator> turns_;  // those whose next GET may begin, in that order
  std::map<CURL*, std::unique_ptr<Get>> under_way_;
};

Fetcher::Fetcher(const FetchLimits& limits) : loop_{std::make_unique<Loop>(limits)} {}
Fetcher::~Fetcher() = default;

void Fetcher::add(Fetch fetch) { loop_->add(std::move(fetch)); }
void Fetcher::turn(Clock::time_point until) { loop_->turn(until); }
void Fetcher::wake() { loop_->wake(); }

}  // namespace kube
