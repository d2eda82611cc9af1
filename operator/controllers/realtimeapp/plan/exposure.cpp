#include "operator/controllers/realtimeapp/plan/exposure.hpp"

#include <fmt/format.h>

#include "core/affinity.hpp"
#include "core/digest.hpp"
#include "operator/api/v1alpha1/conditions.hpp"
#include "operator/controllers/realtimeapp/observe/children.hpp"

namespace controllers {

namespace reason = api::reason;

Exposure resolve_exposure(const api::RealtimeApp& app, const Observed& observed) {
  const auto& spec = app.spec.exposure;
  if (spec.type == api::ExposureType::kNone) return {};
  const auto found = observed.ingress_classes.find(spec.class_name);
  if (found == observed.ingress_classes.end())
    return {nullptr, nullptr,
            Problem{reason::kIngressClassNotFound,
                    fmt::format("IngressClass \"{}\" does not exist; set exposure.className to one that `kubectl get "
                                "ingressclass` lists, or install its ingress controller",
                                spec.class_name)}};
  const auto* controller = find_ingress_controller(found->second.controller);
  if (controller == nullptr)
    return {nullptr, nullptr,
            Problem{reason::kIngressClassUnsupported,
                    fmt::format("IngressClass \"{}\" is served by {}, for which this operator does not support "
                                "session affinity; use a class of traefik.io/ingress-controller, or set exposure.type "
                                "to None and expose the Service \"{}\" yourself",
                                spec.class_name, found->second.controller, app.key.name)}};
  const auto* recipe = controller->recipe(spec.affinity);
  if (recipe == nullptr)
    return {nullptr, nullptr,
            Problem{reason::kAffinityUnsupported,
                    fmt::format("{} does not support affinity {}; set exposure.affinity to Cookie", controller->name,
                                affinity_name(spec.affinity))}};
  if (observed.taken_address) {
    const auto& [address, owner, only_served] = *observed.taken_address;
    const auto what =
        fmt::format("{}, path {}, of class \"{}\"", address.host.empty() ? "every host" : "host " + address.host,
                    address.path, address.class_name);
    const auto message =
        only_served ? fmt::format(
                          "Ingress \"{}\" still serves {}; delete it if its RealtimeApp is gone, or set another "
                          "exposure.host or exposure.paths",
                          owner.text(), what)
                    : fmt::format(
                          "RealtimeApp \"{}\" already has {}; set another exposure.host or exposure.paths in "
                          "one of them",
                          owner.text(), what);
    return {controller, recipe, Problem{reason::kHostTaken, message}};
  }
  return {controller, recipe, std::nullopt};
}

const std::string* find_leading_path(const std::vector<std::string>& paths, const std::string& protocol_path) {
  const std::string* same = nullptr;
  for (const auto& path : paths) {
    const auto prefix = prefix_path(path);
    if (prefix == prefix_path(protocol_path)) {
      if (same == nullptr) same = &path;
    } else if (prefix == "/" || protocol_path.starts_with(prefix + "/")) {
      return &path;
    }
  }
  return same;
}

std::string affinity_cookie(const api::RealtimeApp& app, const Observed& observed) {
  if (!app.status.affinity_cookie.empty()) return app.status.affinity_cookie;
  if (const auto* service = observed.child(kube::types::kService, app.key.name); service != nullptr)
    for (const auto& [name, value] : service->annotations.get())
      if (names_cookie(name)) return value;
  if (app.status.observed_generation > 0) return std::string{core::kAffinityCookie};
  constexpr std::size_t kDigits = 8;
  return fmt::format("{}-{}", core::kAffinityCookie,
                     core::digest(app.key.name_space + "/" + app.key.name).substr(0, kDigits));
}

api::SameSite same_site(const api::RealtimeApp& app) {
  const auto& exposure = app.spec.exposure;
  if (exposure.same_site) return *exposure.same_site;
  const bool serves_others = app.spec.server && !app.spec.server->allowed_origins.empty();
  return serves_others && !exposure.tls_secret_name.empty() ? api::SameSite::kNone : api::SameSite::kLax;
}

std::string app_url(const api::RealtimeApp& app, const Observed& observed) {
  if (app.spec.exposure.type == api::ExposureType::kNone) {
    const bool is_there = observed.child(kube::types::kService, app.key.name) != nullptr;
    return is_there ? fmt::format("http://{}.{}.svc/", app.key.name, app.key.name_space) : std::string{};
  }
  const auto* ingress = observed.child(kube::types::kIngress, app.key.name);
  if (ingress == nullptr || !ingress->ingress->serves) return {};
  const auto& [addresses, serves] = ingress->ingress.get();
  auto host = serves->host;
  if (host.empty() && !addresses.empty()) host = addresses.front();
  if (host.empty()) return {};
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  const auto& paths = serves->paths;
  const auto* leading = find_leading_path(paths, app.spec.protocol.path);
  if (leading == nullptr && !paths.empty()) leading = &paths.front();
  return fmt::format("{}://{}{}", serves->tls ? "https" : "http", host, leading == nullptr ? "/" : *leading);
}

}  // namespace controllers
