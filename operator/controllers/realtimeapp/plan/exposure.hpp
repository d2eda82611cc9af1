// How an app is reached from outside, as far as it can be: which ingress controller serves its class and whether that
// can do the affinity that is asked for. Pure.
#pragma once

#include <string>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/controllers/realtimeapp/plan/ingress_controllers.hpp"

namespace controllers {

/// Both pointers are set, or neither: then `problem` says why, unless no exposure is asked for. They are set also where
/// only the address is another app's.
struct Exposure {
  const IngressController* controller = nullptr;
  const AffinityRecipe* recipe = nullptr;
  std::optional<Problem> problem;
};

Exposure resolve_exposure(const api::RealtimeApp& app, const Observed& observed);

/// The first of these paths that is above `protocol_path`, as prefixes are, element by element; else the first that is
/// the same, where there is the protocol but no page; null if none leads to it.
const std::string* find_leading_path(const std::vector<std::string>& paths, const std::string& protocol_path);

/// The name of the app's affinity cookie: one for each app, so that apps under paths of one host do not take each
/// other's. It never changes: it is in the status, or else, as after a restore, on the Service. Apps of an operator
/// that had one name for all keep that.
std::string affinity_cookie(const api::RealtimeApp& app, const Observed& observed);

/// Whether browsers send the cookie to the app from pages of other sites too: as the spec says, or if it allows such
/// pages and the cookie is for TLS only, without which browsers would refuse it.
api::SameSite same_site(const api::RealtimeApp& app);

/// Where clients reach the app by what is served now, or nothing while that is not known.
std::string app_url(const api::RealtimeApp& app, const Observed& observed);

}  // namespace controllers
