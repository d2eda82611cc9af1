// The REST client: the API server's verbs on objects, with its failures sorted into kinds. Blocking, but for what is
// begun and taken later; owned by main, safe on any thread. Never retries: the caller knows whether a repetition is
// safe.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/metrics.hpp"
#include "core/result.hpp"
#include "operator/kube/field_managers.hpp"
#include "operator/kube/object.hpp"
#include "operator/kube/transport.hpp"
#include "operator/kube/uid.hpp"
#include "operator/kube/watch_decoder.hpp"

namespace kube {

/// As the resourceVersion of an object to apply: it must not exist yet, else kConflict. The API server creates what
/// does not exist whatever its version, and refuses to change what has another one; no object has this.
inline constexpr std::string_view kNoVersion = "1";

/// Which objects a list or watch covers.
struct Selection {
  std::string name_space{};      ///< empty for all namespaces
  std::string label_selector{};  ///< empty for all objects
  std::string field_selector{};  ///< empty for all objects
};

struct ListPage {
  std::vector<Object> items;
  std::string resource_version;
  std::string next;  ///< the `continue` token, empty on the last page
};

/// From where a watch continues, and for how long.
struct WatchOptions {
  /// Empty for a streaming list: what is there comes first as kAdded, up to the bookmark that ends the initial events.
  std::string resource_version{};
  std::chrono::seconds duration{};   ///< the server is asked to end it after that
  WatchDecoder::IsKnown is_known{};  ///< what need not be read; empty for nothing
};

/// A request that is under way, for which nobody waits: gives nothing until it has ended, and then its outcome, once.
/// Used by one thread at a time; what is destroyed is cancelled.
template <class T>
using Pending = std::function<std::optional<core::Result<T>>()>;

class Client {
 public:
  static constexpr int kPageSize = 500;  ///< objects

  Client(Transport& transport, core::Metrics& metrics);

  core::Result<Object> get(const ResourceType& type, const ObjectKey& key, const std::stop_token& stop,
                           std::chrono::milliseconds timeout = HttpRequest{}.timeout);
  /// One page of kPageSize; `next` is the token of the page before, empty for the first.
  core::Result<ListPage> list(const ResourceType& type, const Selection& selection, const std::string& next,
                              const std::stop_token& stop);
  /// The same, of `page_size`, begun: `on_change` is called on the transport's thread when the answer may be there.
  core::Result<Pending<ListPage>> begin_list(const ResourceType& type, const Selection& selection,
                                             const std::string& next, int page_size, std::function<void()> on_change,
                                             const std::stop_token& stop);
  core::Result<Object> create(const ResourceType& type, const Object& object, const std::stop_token& stop,
                              std::chrono::milliseconds timeout = HttpRequest{}.timeout);
  /// Server-side apply with force: what the object says becomes so, whichever manager set it before; the rest stays. An
  /// object with a uid or a resourceVersion is applied to exactly that one, else kConflict; see kNoVersion.
  core::Result<Object> apply(const ResourceType& type, const Object& object, const std::stop_token& stop);
  /// A merge patch (RFC 7386, an object) or JSON patch (RFC 6902, an array), for what an apply cannot do: taking away
  /// what others set.
  core::Result<Object> patch(const ResourceType& type, const ObjectKey& key, const Json& patch,
                             const std::stop_token& stop, std::chrono::milliseconds timeout = HttpRequest{}.timeout);
  /// Makes the status of exactly the object with this uid the one that `object` has, else kConflict, or kNotFound. By a
  /// JSON patch: for a custom resource, the API server does not compare the uid of a status that is applied.
  core::Result<Object> replace_status(const ResourceType& type, Object object, const std::stop_token& stop);
  /// Deletes exactly the object with this uid, and what it owns in the background. Gives the object if finalizers keep
  /// it for now, nothing if it is gone; kConflict if another object has the name, kNotFound if none has.
  core::Result<std::optional<Object>> remove(const ResourceType& type, const ObjectKey& key, const Uid& uid,
                                             const std::stop_token& stop);
  /// Begins a watch: what came is passed to `sink` when the outcome is asked for, which is success when the server
  /// ended it or `sink` gave false. `on_change` is called on the transport's thread when something came. A server that
  /// does not stream lists refuses an empty version with kInvalidObject.
  core::Result<Pending<void>> begin_watch(const ResourceType& type, const Selection& selection,
                                          const WatchOptions& options, WatchDecoder::Sink sink,
                                          std::function<void()> on_change, const std::stop_token& stop);

 private:
  core::Result<HttpResponse> exchange(HttpRequest request, const std::stop_token& stop);
  core::Result<Object> object_from(HttpRequest request, const std::stop_token& stop);
  core::Result<Object> patch_at(const std::string& path, const Json& patch, const std::stop_token& stop,
                                std::chrono::milliseconds timeout = HttpRequest{}.timeout);
  core::Result<HttpResponse> counted(const std::string& method, core::Result<HttpResponse> response);

  class Get;
  Transport& transport_;
  core::Metrics& metrics_;
};

/// A longer Retry-After counts as this: what asks for an hour may be well again in a minute.
inline constexpr std::chrono::seconds kMaxRetryAfter{30};

/// The failure that a non-2xx answer stands for, from its code and its metav1.Status.
core::Error error_from(long status, std::string_view body, std::optional<std::chrono::milliseconds> retry_after);

}  // namespace kube
