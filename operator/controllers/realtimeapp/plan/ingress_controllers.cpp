#include "operator/controllers/realtimeapp/plan/ingress_controllers.hpp"

#include <array>

namespace controllers {
namespace {

// Traefik reads stickiness from the Service. It has no timeout for each Ingress: its entry points close idle
// connections between requests only, and neither a WebSocket nor a pending poll is one.
constexpr std::array kTraefikCookie{Annotation{"traefik.ingress.kubernetes.io/service.sticky.cookie", "true"},
                                    Annotation{"traefik.ingress.kubernetes.io/service.sticky.cookie.httponly", "true"}};
constexpr std::array kTraefikCookieTls{
    Annotation{"traefik.ingress.kubernetes.io/service.sticky.cookie.secure", "true"}};
constexpr std::array kTraefikAffinities{AffinityRecipe{api::Affinity::kCookie, kTraefikCookie, kTraefikCookieTls,
                                                       "traefik.ingress.kubernetes.io/service.sticky.cookie.name",
                                                       "traefik.ingress.kubernetes.io/service.sticky.cookie.samesite"},
                                        AffinityRecipe{api::Affinity::kNone, {}, {}}};

constexpr std::array kControllers{
    IngressController{"traefik.io/ingress-controller", "Traefik", kTraefikAffinities},
};

}  // namespace

const AffinityRecipe* IngressController::recipe(api::Affinity affinity) const {
  for (const auto& candidate : affinities)
    if (candidate.affinity == affinity) return &candidate;
  return nullptr;
}

const IngressController* find_ingress_controller(std::string_view controller) {
  for (const auto& candidate : kControllers)
    if (candidate.controller == controller) return &candidate;
  return nullptr;
}

bool names_cookie(std::string_view annotation) {
  for (const auto& controller : kControllers)
    for (const auto& recipe : controller.affinities)
      if (!recipe.cookie_name.empty() && recipe.cookie_name == annotation) return true;
  return false;
}

std::string_view affinity_name(api::Affinity affinity) {
  switch (affinity) {
    case api::Affinity::kCookie:
      return "Cookie";
    case api::Affinity::kNone:
      return "None";
  }
  return "None";
}

}  // namespace controllers
