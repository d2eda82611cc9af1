// The pure core: what an app's children should be, from the specification and what was observed. No client, clock or
// logger; the reconciler performs whatever this returns.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/app_memory.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"

namespace controllers {

/// A child as it should be. Used by one thread at a time.
class PlannedChild {
 public:
  using Build = std::function<kube::Object()>;

  PlannedChild(const kube::ResourceType& kind, std::string called, Build build, std::vector<ChildId> needed = {})
      : type{kind}, name{std::move(called)}, needs{std::move(needed)}, build_{std::move(build)} {}

  const kube::ResourceType& type;
  std::string name;
  std::vector<ChildId> needs;       ///< children without which it is held back, each planned before it
  kube::ProjectionDigest digest{};  ///< of what is desired
  /// It is created, and if something of that name exists, not written to: what is in it is its own from then on.
  bool create_only = false;

  ChildId id() const { return {type.kind, name}; }
  /// A Secret: what is in it is its own, so its digest is of its identity.
  bool is_secret() const { return type == kube::types::kSecret; }

  /// The whole object. Made when it is asked for first: who finds its digest in the cluster need not. The app that was
  /// planned for has to be there then.
  const kube::Object& desired() const {
    if (!built_) built_ = build_();
    return *built_;
  }
  /// Gives the memory of the object back until it is asked for again.
  void forget_desired() { built_.reset(); }

 private:
  Build build_;
  mutable std::optional<kube::Object> built_;
};

struct Plan {
  std::vector<PlannedChild> children;   ///< in the order in which they are applied
  std::vector<ChildId> removals;        ///< children that exist and are no longer wanted
  std::map<ChildId, Problem> problems;  ///< of children that cannot be planned: what needs them is held back
  /// Of what the children are made of and how they are once they are applied, for the status. An operator of the same
  /// build that finds them so, and the same in the status, need not build them to know that nothing is left to do.
  std::string applied_digest;
  /// The Secret of Redis needs this key of the password's digest, which it does not have yet; else empty.
  std::string new_digest_key;
};

/// With a memory, what is desired is not built while nothing that it is made of has changed since.
Plan plan(const api::RealtimeApp& app, const Observed& observed, PlanMemory* memory = nullptr);

/// The image of the provisioned Redis: the manifest's, else the one the app was made with, else the default.
api::ImageStatus redis_image(const api::RealtimeApp& app, const Observed& observed);
/// The same of the bundled server; nothing for your own image.
api::ImageStatus server_image(const api::RealtimeApp& app, const Observed& observed);

}  // namespace controllers
