// An app and what is observed of it, as unit tests of the plan start from.
#pragma once

#include <string>

#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "operator/controllers/realtimeapp/status/status.hpp"

namespace support {

inline api::RealtimeApp sample_app() {
  api::RealtimeApp app;
  app.key = {"default", "chat"};
  app.uid = "uid-of-chat";
  app.generation = 1;
  app.spec.replicas = 3;
  app.spec.app.image = "chat:1";
  app.spec.exposure.type = api::ExposureType::kIngress;
  app.spec.exposure.class_name = "traefik";
  return app;
}

/// The same app with the bundled server.
inline api::RealtimeApp sample_server_app() {
  auto app = sample_app();
  app.spec.app = {};
  app.spec.server.emplace();
  return app;
}

inline controllers::Observed sample_observed() {
  controllers::Observed observed;
  observed.redis_secret.credentials = controllers::RedisCredentials{.digest = "digest", .digest_key = "key"};
  observed.ingress_classes.emplace("traefik", controllers::IngressClassState{"traefik.io/ingress-controller"});
  observed.default_redis_image = "redis:default";
  observed.default_server_image = "realtime-server:default";
  return observed;
}

/// Adds a child with a given number of ready replicas, all current.
inline controllers::ChildState& add_child(controllers::Observed& observed, std::string_view kind,
                                          const std::string& name, int ready = 0) {
  controllers::ChildState state;
  state.uid = "uid-of-" + name;
  state.controller_uid = "uid-of-chat";
  state.generation = state.observed_generation = 1;
  state.replicas = state.updated_replicas = state.ready_replicas = ready;
  return observed.children.insert_or_assign({kind, name}, std::move(state)).first->second;
}

/// An Ingress that has an address, and serves these paths of every host.
inline controllers::IngressState serving(std::vector<std::string> paths) {
  return {{"10.0.0.1"}, controllers::ServedAddress{"", std::move(paths), false, "traefik"}};
}

/// Everything is there and serves.
inline controllers::Observed healthy_observed() {
  auto observed = sample_observed();
  for (const auto& id : controllers::possible_children("chat")) add_child(observed, id.kind, id.name, 1);
  add_child(observed, "Deployment", "chat", 3);
  auto& ingress = add_child(observed, "Ingress", "chat");
  ingress.ingress = serving({"/"});
  add_child(observed, "Secret", "chat-redis");
  return observed;
}

/// The status of an app whose children are as planned, as far as they exist.
inline api::RealtimeAppStatus assess(const api::RealtimeApp& app, controllers::Observed observed,
                                     const std::map<controllers::ChildId, controllers::Problem>& problems = {}) {
  const auto plan = controllers::plan(app, observed);
  for (const auto& child : plan.children)
    if (const auto found = observed.children.find(child.id()); found != observed.children.end())
      found->second.digest = child.digest;
  auto all = plan.problems;
  all.insert(problems.begin(), problems.end());
  return controllers::assess(app, plan, observed, all);
}

}  // namespace support
