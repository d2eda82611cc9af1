// The real API server of an integration test, as its administrator sees it: with_api_server starts it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/metrics.hpp"
#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/plan/plan.hpp"
#include "operator/kube/client.hpp"

namespace support {

/// A variable of the environment; the test fails if it is not set.
std::string environment(const char* name);

/// Looks until `condition` holds; the test fails after `timeout`, with `what` it waited for.
void wait_for(const std::string& what, const std::function<bool()>& condition,
              std::chrono::seconds timeout = std::chrono::seconds{30});

/// An administrator, in a namespace of its own that has the CRD and an IngressClass "traefik" at hand.
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  kube::Client& client() { return client_; }
  const std::string& name_space() const { return name_space_; }

  /// Applies a RealtimeApp with this YAML specification, as another field manager than the operator.
  void apply_app(const std::string& name, const std::string& spec);
  void delete_app(const std::string& name);
  api::RealtimeApp app(const std::string& name);
  kube::Object get(const kube::ResourceType& type, const std::string& name);
  bool exists(const kube::ResourceType& type, const std::string& name);
  /// The condition as STATUS/REASON, or nothing.
  std::string condition(const std::string& app, std::string_view type);

  /// PATCH as the administrator; gives the HTTP status.
  long patch(const kube::ResourceType& type, const std::string& name, const std::string& content_type,
             const nlohmann::json& body, const std::string& subresource = "");
  /// The same as another field manager.
  long patch_as(const std::string& manager, const kube::ResourceType& type, const std::string& name,
                const std::string& content_type, const nlohmann::json& body);
  /// The same for the status, from any thread: a conflict or a failure is the caller's to see.
  long patch_status(const kube::ResourceType& type, const std::string& name, const nlohmann::json& body);
  /// Tells, in place of the controllers of workloads, that the one replica of "chat" is or is not ready.
  void report_replica(bool is_ready);
  long create(const kube::ResourceType& type, const nlohmann::json& object) { return create_text(type, object.dump()); }
  /// The same of what nests too deeply for a writer of JSON that calls itself.
  long create_text(const kube::ResourceType& type, std::string text);

  /// What the operator should make of the app: the plan, from what the API server has.
  std::vector<controllers::PlannedChild> planned(const std::string& app);
  /// Whether the live child is as planned.
  bool as_planned(const controllers::PlannedChild& child);
  void wait_until_as_planned(const std::string& app);

 private:
  core::Metrics metrics_;
  kube::Transport transport_;
  kube::Client client_;
  std::string name_space_;
};

/// The default specification of tests: three replicas behind the IngressClass "traefik".
inline constexpr const char* kChatSpec =
    "{replicas: 3, app: {image: chat:1}, exposure: {type: Ingress, className: traefik}}";

/// Requests of the operator's user in the API server's audit log: verb, resource and name, one a line. `writes` leaves
/// out get, list and watch.
std::vector<std::string> audited(bool writes);

}  // namespace support
