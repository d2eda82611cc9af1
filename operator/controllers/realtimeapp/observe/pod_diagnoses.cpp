#include "operator/controllers/realtimeapp/observe/pod_diagnoses.hpp"

#include <utility>
#include <vector>

#include "operator/api/v1alpha1/labels.hpp"

namespace controllers {

class PodDiagnoses::Target final : public runtime::ReflectorTarget {
 public:
  Target(PodDiagnoses& diagnoses, std::string name_space) : diagnoses_{diagnoses}, name_space_{std::move(name_space)} {}

  void begin_list() override { listed_.clear(); }
  void listed(const kube::ObjectView& pod) override {
    if (diagnoses_.see(pod)) listed_.insert(pod.key());
  }
  void end_list() override { diagnoses_.keep_only(name_space_, std::exchange(listed_, {})); }
  void put(const kube::ObjectView& pod) override { diagnoses_.see(pod); }
  void removed(const kube::ObjectView& pod) override {
    listed_.erase(pod.key());
    diagnoses_.remove(pod.key());
  }

 private:
  PodDiagnoses& diagnoses_;
  std::string name_space_;
  std::set<kube::ObjectKey> listed_;
};

std::unique_ptr<runtime::ReflectorTarget> PodDiagnoses::target(std::string name_space) {
  return std::make_unique<Target>(*this, std::move(name_space));
}

PodDiagnoses::ByPod PodDiagnoses::of(const kube::ObjectKey& app) const {
  const std::lock_guard lock{mutex_};
  const auto found = by_app_.find(app);
  return found == by_app_.end() ? ByPod{} : found->second;
}

bool PodDiagnoses::see(const kube::ObjectView& pod) {
  auto diagnosis = diagnose_pod(pod);
  if (!diagnosis) {
    remove(pod.key());
    return false;
  }
  const kube::ObjectKey app{pod.name_space(),
                            kube::value_at<std::string>(pod.json(), {"metadata", "labels", api::label::kInstance})};
  if (is_of_another_app(pod.key(), app)) remove(pod.key());
  {
    const std::lock_guard lock{mutex_};
    auto& known = by_app_[app][pod.name()];
    if (known == *diagnosis) return true;
    known = std::move(*diagnosis);
    app_by_pod_.insert_or_assign(pod.key(), app);
  }
  if (listener_) listener_(app);
  return true;
}

/// Whether the pod was known as one of another app: its label has changed.
bool PodDiagnoses::is_of_another_app(const kube::ObjectKey& pod, const kube::ObjectKey& app) const {
  const std::lock_guard lock{mutex_};
  const auto found = app_by_pod_.find(pod);
  return found != app_by_pod_.end() && found->second != app;
}

void PodDiagnoses::remove(const kube::ObjectKey& pod) {
  kube::ObjectKey app;
  {
    const std::lock_guard lock{mutex_};
    const auto found = app_by_pod_.find(pod);
    if (found == app_by_pod_.end()) return;
    app = std::move(found->second);
    app_by_pod_.erase(found);
    auto& pods = by_app_[app];
    pods.erase(pod.name);
    if (pods.empty()) by_app_.erase(app);
  }
  if (listener_) listener_(app);
}

void PodDiagnoses::keep_only(const std::string& name_space, const std::set<kube::ObjectKey>& listed) {
  std::vector<kube::ObjectKey> gone;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [pod, app] : app_by_pod_)
      if ((name_space.empty() || pod.name_space == name_space) && !listed.contains(pod)) gone.push_back(pod);
  }
  for (const auto& pod : gone) remove(pod);
}

}  // namespace controllers
