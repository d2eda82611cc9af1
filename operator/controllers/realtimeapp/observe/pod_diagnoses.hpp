// The pods of fleets that something keeps from running, and nothing of the others: memory grows with the
// diagnoses, not with the number of pods. Filled by reflectors, read by workers; locks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

#include "operator/controllers/realtimeapp/diagnosis/pod_diagnosis.hpp"
#include "operator/kube/object.hpp"
#include "operator/runtime/reflector.hpp"

namespace controllers {

class PodDiagnoses {
 public:
  using ByPod = std::map<std::string, PodDiagnosis>;

  /// Called with an app when its diagnoses have changed, on the reflector's thread. Only before the first change.
  void listen(std::function<void(const kube::ObjectKey& app)> listener) { listener_ = std::move(listener); }

  /// The app's diagnoses by the pod's name.
  ByPod of(const kube::ObjectKey& app) const;

  /// What a reflector of `name_space` (empty: of all) reports to.
  std::unique_ptr<runtime::ReflectorTarget> target(std::string name_space);

 private:
  class Target;

  /// Whether something keeps it from running.
  bool see(const kube::ObjectView& pod);
  void remove(const kube::ObjectKey& pod);
  bool is_of_another_app(const kube::ObjectKey& pod, const kube::ObjectKey& app) const;
  /// A complete list of `name_space` (empty: of all): what it lacks is gone.
  void keep_only(const std::string& name_space, const std::set<kube::ObjectKey>& listed);

  mutable std::mutex mutex_;
  std::unordered_map<kube::ObjectKey, ByPod> by_app_;
  std::unordered_map<kube::ObjectKey, kube::ObjectKey> app_by_pod_;  // of the pods with a diagnosis
  std::function<void(const kube::ObjectKey&)> listener_;
};

}  // namespace controllers
