// The caches behind the RealtimeApp controller and what a reconcile sees of them. Owned by main; filled by the
// manager's reflectors; safe on any thread.
#pragma once

#include <array>
#include <string>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observed.hpp"
#include "operator/controllers/realtimeapp/plan.hpp"
#include "operator/runtime/manager.hpp"
#include "operator/runtime/store.hpp"

namespace controllers {

struct Caches {
  runtime::Store<api::DecodedApp> apps;
  std::array<runtime::Store<ChildState>, kChildTypes.size()> children;  ///< in the order of kChildTypes
  runtime::Store<IngressClassState> ingress_classes;

  runtime::Store<ChildState>& of(std::string_view kind);
  const runtime::Store<ChildState>& of(std::string_view kind) const;

  /// The children that this app controls and the IngressClass that it names.
  Observed observe(const api::RealtimeApp& app) const;

  /// Feeds every cache from the API server and `queue` from every change that concerns an app.
  void connect(runtime::Manager& manager, runtime::WorkQueue& queue);
};

}  // namespace controllers
