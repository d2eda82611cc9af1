#include "operator/kube/object.hpp"

#include "operator/kube/json_reader.hpp"

namespace kube {

std::string ObjectKey::text() const { return name_space.empty() ? name : name_space + "/" + name; }

core::Result<Object> Object::parse(std::string_view text) {
  auto parsed = read_json(text);
  if (!parsed || !parsed->is_object())
    return core::fail(core::ErrorKind::kMalformed, "the API server's answer is no JSON object");
  return Object{std::move(*parsed)};
}

std::string Object::metadata(const char* field) const { return value_at<std::string>(json_, {"metadata", field}); }

std::int64_t Object::generation() const { return value_at<std::int64_t>(json_, {"metadata", "generation"}); }

bool Object::deleting() const { return !metadata("deletionTimestamp").empty(); }

std::vector<OwnerReference> Object::owners() const {
  std::vector<OwnerReference> owners;
  for (const auto& entry : list_at(json_, {"metadata", "ownerReferences"})) {
    owners.push_back({value_at<std::string>(entry, {"apiVersion"}), value_at<std::string>(entry, {"kind"}),
                      value_at<std::string>(entry, {"name"}), value_at<std::string>(entry, {"uid"}),
                      value_at<bool>(entry, {"controller"})});
  }
  return owners;
}

}  // namespace kube
