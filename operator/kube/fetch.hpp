// GETs of addresses inside the cluster that are not the API server's, such as a pod's metrics: no credentials, no
// proxy, no redirection. A body is passed on line by line as it comes, so that of all that addresses send, only one
// line of each GET under way is held. Owned by the module that asks, and used on one of its threads; `wake`
// is for any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace kube {

struct FetchLimits {
  std::chrono::milliseconds timeout{2'000};  ///< of one GET, connecting included; waiting for its turn is not
  std::size_t max_line = 4U << 10U;          ///< bytes
  std::size_t max_body = 1U << 20U;          ///< bytes
  std::size_t at_once = 64;                  ///< GETs, over all groups
  std::size_t at_once_in_group = 4;          ///< GETs
};

struct Fetch {
  /// Groups take turns, and have only so many GETs at once each: addresses that are silent delay those of their own
  /// group only.
  std::string group;
  std::string url;       ///< "http://HOST:PORT/PATH"
  std::stop_token stop;  ///< if requested before the GET begins, it does not begin
  /// Called with each line of the body of a 200, without its end; the line is valid for that call only.
  std::function<void(std::string_view line)> on_line;
  /// Called once, after the last line. Fails with kUnavailable (another status than 200, too), kTimeout, kTooLarge (a
  /// line, the body or the headers), kMalformed if the body ends within a line, or kCancelled by `stop`.
  std::function<void(const core::Result<void>& outcome)> on_end;
};

class Fetcher {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Fetcher(const FetchLimits& limits = {});
  /// Gives up what has not ended, without a call.
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  /// The GET begins in a later `turn`, when there is room for it. Callbacks may add more.
  void add(Fetch fetch);
  /// Begins what may begin, carries on what is under way, and calls back for what has come. Where nothing ends, it
  /// waits until something comes, until `until`, or for `wake`; to be called again and again.
  void turn(Clock::time_point until);
  /// Ends the wait of the present `turn`, or of the next one.
  void wake();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace kube
