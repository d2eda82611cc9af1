// The caches behind the RealtimeApp controller and what a reconcile sees of them. Owned by main; filled by the
// manager's reflectors; safe on any thread.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/runtime/manager.hpp"
#include "operator/runtime/store.hpp"

namespace controllers {

struct Caches {
  Caches();

  runtime::Store<api::DecodedApp> apps;
  std::array<runtime::Store<ChildState>, kChildTypes.size()> children;  ///< in the order of kChildTypes
  runtime::Store<IngressClassState> ingress_classes;
  runtime::Store<ReplicaSetState> replica_sets;
  runtime::Store<MetricsEndpoints> metrics_endpoints;
  PodDiagnoses pod_diagnoses;
  ExposureClaims exposure_claims;

  runtime::Store<ChildState>& of(std::string_view kind);
  const runtime::Store<ChildState>& of(std::string_view kind) const;

  /// The children that this app controls, the IngressClass that it names and the configurations that are in use.
  Observed observe(const api::RealtimeApp& app) const;

  /// Brings the children in it up to date.
  void observe_children(const api::RealtimeApp& app, Observed& observed) const;

  /// Where the metrics of the app's ready replicas are, as HOST:PORT, one for each replica.
  std::vector<std::string> metrics_addresses(const kube::ObjectKey& app) const;

  /// Feeds every cache from the API server and `queue` from every change that concerns an app.
  void connect(runtime::Manager& manager, runtime::WorkQueue& queue);

 private:
  bool is_controlled_for(const kube::ObjectKey& app, const std::string& controller) const;
  void observe_configurations(const api::RealtimeApp& app, Observed& observed) const;
};

}  // namespace controllers
