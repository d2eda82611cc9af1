// Cuts a watch's byte stream into events. Frames are JSON objects separated by line feeds and may be split anywhere; a
// frame has no bound of its own below kMaxFrameBytes. Sans-I/O; used by one thread at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"
#include "operator/kube/json_reader.hpp"
#include "operator/kube/line_reader.hpp"
#include "operator/kube/object.hpp"

namespace kube {

/// The type of a watch event (metav1.WatchEvent).
enum class WatchEventType { kAdded, kModified, kDeleted, kBookmark, kError };

struct WatchEvent {
  WatchEventType type;
  Object object;          ///< for kError a metav1.Status
  bool is_known = false;  ///< then it is read only as far as its resourceVersion

  /// Whether it is the bookmark that tells a streaming list to be complete (annotated `k8s.io/initial-events-end`).
  bool ends_initial_events() const;
};

class WatchDecoder {
 public:
  static constexpr std::size_t kMaxFrameBytes = 16U << 20U;

  using Sink = std::function<bool(WatchEvent)>;
  /// Whether an object that was added or modified is known in this version already.
  using IsKnown = std::function<bool(const ObjectKey&, const std::string& version)>;

  /// `left_out` outlives the decoder.
  explicit WatchDecoder(IsKnown is_known = {}, LeftOut left_out = {})
      : is_known_{std::move(is_known)}, left_out_{left_out} {}

  /// Takes the next bytes and passes every event completed by them to `sink`, until it gives false. Fails with
  /// kMalformed if a frame is no watch event and kTooLarge if one exceeds its bound; the stream is of no use
  /// afterwards. Gives whether the sink wants more.
  core::Result<bool> feed(std::string_view bytes, const Sink& sink);

 private:
  core::Result<WatchEvent> decode(std::string_view frame) const;

  IsKnown is_known_;
  LeftOut left_out_;
  LineReader lines_{kMaxFrameBytes};
};

}  // namespace kube
