// An app and what is observed of it, as unit tests of the plan start from.
#pragma once

#include <string>

#include "operator/controllers/realtimeapp/plan/plan.hpp"

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
  observed.redis_credentials = controllers::RedisCredentials{"digest", true};
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
  state.controller.uid = "uid-of-chat";
  state.generation = state.observed_generation = 1;
  state.replicas = state.updated_replicas = state.ready_replicas = ready;
  return observed.children.insert_or_assign({kind, name}, std::move(state)).first->second;
}

/// Everything is there and serves.
inline controllers::Observed healthy_observed() {
  auto observed = sample_observed();
  for (const auto& id : controllers::possible_children("chat")) add_child(observed, id.kind, id.name, 1);
  add_child(observed, "Deployment", "chat", 3);
  add_child(observed, "Ingress", "chat").addresses = {"10.0.0.1"};
  return observed;
}

}  // namespace support
