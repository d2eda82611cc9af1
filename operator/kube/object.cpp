#include "operator/kube/object.hpp"

#include <limits>
#include <memory>

#include <boost/json/serialize.hpp>

#include "core/utf8.hpp"
#include "operator/kube/json_reader.hpp"

namespace kube {

JsonMemory make_json_memory(std::size_t size) { return std::make_shared<boost::json::monotonic_resource>(size); }

/// A value that is assigned stays in its own memory, and would copy what comes from another.
Object& Object::operator=(Object&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(&json_);
  memory_ = std::move(other.memory_);
  std::construct_at(&json_, std::move(other.json_));
  return *this;
}

std::string text_of(const Json& json) {
  auto text = boost::json::serialize(json);
  if (core::is_utf8(text)) return text;
  return core::utf8_prefix(text, std::numeric_limits<std::size_t>::max());
}

std::string ObjectKey::text() const { return name_space.empty() ? name : name_space + "/" + name; }

core::Result<Object> Object::parse(std::string_view text) {
  auto parsed = read_json(text);
  if (!parsed || !parsed->json().is_object())
    return core::fail(core::ErrorKind::kMalformed, "the API server's answer is no JSON object");
  return std::move(*parsed);
}

JsonView ObjectView::controller() const {
  for (const auto& owner : metadata_.find("ownerReferences").elements())
    if (value_at<bool>(owner, {"controller"})) return owner;
  return {};
}

}  // namespace kube
