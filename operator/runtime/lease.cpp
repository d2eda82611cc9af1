#include "operator/runtime/lease.hpp"

#include <utility>

#include "operator/kube/resource_type.hpp"

namespace runtime {

LeaseRecord LeaseRecord::of(const kube::ObjectView& lease) {
  const auto json = lease.json();
  const auto text = [&](const char* field) { return kube::value_at<std::string>(json, {"spec", field}); };
  return {text("holderIdentity"), std::chrono::seconds{kube::value_at<int>(json, {"spec", "leaseDurationSeconds"})},
          text("acquireTime"), text("renewTime"), kube::value_at<int>(json, {"spec", "leaseTransitions"})};
}

kube::Object LeaseRecord::to_object(const kube::ObjectKey& key, const std::string& version) const {
  boost::json::object metadata{{"name", key.name}, {"namespace", key.name_space}};
  if (!version.empty()) metadata["resourceVersion"] = version;
  return kube::Object{{{"apiVersion", kube::types::kLease.api_version()},
                       {"kind", kube::types::kLease.kind},
                       {"metadata", std::move(metadata)},
                       {"spec",
                        {{"holderIdentity", holder},
                         {"leaseDurationSeconds", duration.count()},
                         {"acquireTime", acquired},
                         {"renewTime", renewed},
                         {"leaseTransitions", transitions}}}}};
}

}  // namespace runtime
