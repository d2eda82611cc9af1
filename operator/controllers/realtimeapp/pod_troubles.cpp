#include "operator/controllers/realtimeapp/pod_troubles.hpp"

#include <utility>
#include <vector>

#include "operator/api/v1alpha1/labels.hpp"

namespace controllers {

class PodTroubles::Target final : public runtime::ReflectorTarget {
 public:
  Target(PodTroubles& troubles, std::string name_space) : troubles_{troubles}, name_space_{std::move(name_space)} {}

  void begin_list() override { listed_.clear(); }
  void listed(const kube::Object& pod) override {
    if (troubles_.see(pod)) listed_.insert(pod.key());
  }
  void end_list() override { troubles_.keep_only(name_space_, std::exchange(listed_, {})); }
  void put(const kube::Object& pod) override { troubles_.see(pod); }
  void removed(const kube::Object& pod) override {
    listed_.erase(pod.key());
    troubles_.remove(pod.key());
  }

 private:
  PodTroubles& troubles_;
  std::string name_space_;
  std::set<kube::ObjectKey> listed_;
};

std::unique_ptr<runtime::ReflectorTarget> PodTroubles::target(std::string name_space) {
  return std::make_unique<Target>(*this, std::move(name_space));
}

PodTroubles::ByPod PodTroubles::of(const kube::ObjectKey& app) const {
  const std::lock_guard lock{mutex_};
  const auto found = by_app_.find(app);
  return found == by_app_.end() ? ByPod{} : found->second;
}

bool PodTroubles::see(const kube::Object& pod) {
  auto trouble = find_trouble(pod);
  if (!trouble) {
    remove(pod.key());
    return false;
  }
  const kube::ObjectKey app{
      pod.name_space(), kube::value_at<std::string>(pod.json(), {"metadata", "labels", api::label::kInstance.data()})};
  {
    const std::lock_guard lock{mutex_};
    auto& known = by_app_[app][pod.name()];
    if (known == *trouble) return true;
    known = std::move(*trouble);
    app_by_pod_.insert_or_assign(pod.key(), app);
  }
  if (listener_) listener_(app);
  return true;
}

void PodTroubles::remove(const kube::ObjectKey& pod) {
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

void PodTroubles::keep_only(const std::string& name_space, const std::set<kube::ObjectKey>& listed) {
  std::vector<kube::ObjectKey> gone;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [pod, app] : app_by_pod_)
      if ((name_space.empty() || pod.name_space == name_space) && !listed.contains(pod)) gone.push_back(pod);
  }
  for (const auto& pod : gone) remove(pod);
}

}  // namespace controllers
