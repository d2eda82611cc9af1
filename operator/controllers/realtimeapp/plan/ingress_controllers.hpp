// The table of ingress controllers that the operator knows: how each keeps a client on its replica and lets a WebSocket
// live. A new controller is a new row. Constants; pure.
#pragma once

#include <span>
#include <string_view>

#include "operator/api/v1alpha1/realtime_app.hpp"

namespace controllers {

struct Annotation {
  std::string_view name;
  std::string_view value;
};

/// What an ingress controller needs for one kind of affinity.
struct AffinityRecipe {
  api::Affinity affinity;
  std::span<const Annotation> on_service;
  std::span<const Annotation> on_service_with_tls;  ///< in addition, when the cookie may be sent over TLS only
  std::string_view cookie_name{};                   ///< the annotation for the name of the cookie; empty: none
  std::string_view cookie_same_site{};              ///< the annotation for its SameSite: "lax" or "none"
};

struct IngressController {
  std::string_view controller;  ///< spec.controller of its IngressClasses
  std::string_view name;        ///< for messages
  std::span<const AffinityRecipe> affinities;

  /// How to get this affinity, or null if the controller cannot do it.
  const AffinityRecipe* recipe(api::Affinity affinity) const;
};

/// The row for an IngressClass' spec.controller, or null.
const IngressController* find_ingress_controller(std::string_view controller);

/// Whether it is the annotation of some controller for the name of its cookie.
bool names_cookie(std::string_view annotation);

/// An affinity's word in manifests.
std::string_view affinity_name(api::Affinity affinity);

}  // namespace controllers
