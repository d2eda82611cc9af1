#include "operator/controllers/realtimeapp/caches.hpp"

#include <fmt/format.h>

#include "operator/api/v1alpha1/labels.hpp"

namespace controllers {

const runtime::Store<ChildState>& Caches::of(std::string_view kind) const { return children[child_type_index(kind)]; }

runtime::Store<ChildState>& Caches::of(std::string_view kind) { return children[child_type_index(kind)]; }

Observed Caches::observe(const api::RealtimeApp& app) const {
  Observed observed;
  for (auto& id : possible_children(app.key.name)) {
    auto state = of(id.kind).get({app.key.name_space, id.name});
    if (state && state->controller.uid == app.uid) observed.children.emplace(std::move(id), std::move(*state));
  }
  if (const auto& name = app.spec.exposure.class_name; !name.empty())
    if (auto state = ingress_classes.get({"", name})) observed.ingress_classes.emplace(name, std::move(*state));
  return observed;
}

void Caches::connect(runtime::Manager& manager, runtime::WorkQueue& queue) {
  apps.listen([&queue](const kube::ObjectKey& key, const api::DecodedApp* before, const api::DecodedApp* after) {
    // What was there when the operator started waits behind what a user has just changed.
    const bool edited = before != nullptr && after != nullptr && before->app.generation != after->app.generation;
    queue.add(key, edited || after == nullptr ? runtime::Priority::kHigh : runtime::Priority::kLow);
  });
  manager.cache<api::DecodedApp>(api::kRealtimeApp, "", apps, api::decode);

  const auto ours = fmt::format("{}={}", api::label::kManagedBy, api::kOperatorName);
  for (std::size_t i = 0; i < kChildTypes.size(); ++i) {
    children[i].listen([&queue](const kube::ObjectKey& key, const ChildState* before, const ChildState* after) {
      // Whoever controlled it and whoever does now: somebody may have changed the reference itself.
      for (const auto* state : {before, after})
        if (state != nullptr && state->controller.kind == api::kRealtimeApp.kind)
          queue.add({key.name_space, state->controller.name});
    });
    manager.cache<ChildState>(kChildTypes[i], ours, children[i], reduce_child);
  }

  ingress_classes.listen([this, &queue](const kube::ObjectKey& key, const auto*, const auto*) {
    for (const auto& [app, cached] : apps.select([&](const auto&, const api::DecodedApp& candidate) {
           return candidate.app.spec.exposure.class_name == key.name;
         }))
      queue.add(app, runtime::Priority::kLow);
  });
  manager.cache<IngressClassState>(kube::types::kIngressClass, "", ingress_classes, reduce_ingress_class);
}

}  // namespace controllers
