// Cuts a watch's byte stream into events. Frames are JSON objects separated by line feeds and may be split anywhere; a
// frame has no bound of its own below kMaxFrameBytes. Sans-I/O; used by one thread at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"
#include "operator/kube/line_reader.hpp"
#include "operator/kube/object.hpp"

namespace kube {

/// The type of a watch event (metav1.WatchEvent).
enum class WatchEventType { kAdded, kModified, kDeleted, kBookmark, kError };

/// Valid for the call that it is passed to.
struct WatchEvent {
  WatchEventType type;
  ObjectView object;      ///< for kError a metav1.Status
  bool is_known = false;  ///< what it brings is there already

  /// Whether it is the bookmark that tells a streaming list to be complete (annotated `k8s.io/initial-events-end`).
  bool ends_initial_events() const;
};

class WatchDecoder {
 public:
  static constexpr std::size_t kMaxFrameBytes = 16U << 20U;

  using Sink = std::function<bool(const WatchEvent&)>;
  /// Whether an object that was added or modified is known in this version already.
  using IsKnown = std::function<bool(const ObjectKey&, const std::string& version)>;

  explicit WatchDecoder(IsKnown is_known = {}) : is_known_{std::move(is_known)} {}

  /// Takes the next bytes and passes every event completed by them to `sink`, until it gives false. Fails with
  /// kMalformed if a frame is no watch event and kTooLarge if one exceeds its bound; the stream is of no use
  /// afterwards. Gives whether the sink wants more.
  core::Result<bool> feed(std::string_view bytes, const Sink& sink);

 private:
  core::Result<bool> decode(std::string_view frame, const Sink& sink) const;

  IsKnown is_known_;
  LineReader lines_{kMaxFrameBytes};
};

}  // namespace kube
