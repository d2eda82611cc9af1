// Any text as JSON from the API server: what is read is what nlohmann::json reads, and what is refused is refused by
// it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "operator/kube/field_managers.hpp"
#include "operator/kube/json_reader.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/support/json.hpp"

namespace {

using nlohmann::json;

/// What a reader has to leave out.
void drop_unread(json& value) {
  if (value.is_object()) {
    const auto manager = value.find("manager");
    const auto fields = value.find("fieldsV1");
    const bool reads =
        manager == value.end() || !manager->is_string() ||
        std::find(kube::kManagersRead.begin(), kube::kManagersRead.end(), *manager) != kube::kManagersRead.end();
    if (!reads && fields != value.end()) value.erase(fields);
  }
  if (value.is_structured())
    for (auto& inner : value) drop_unread(inner);
}

/// Equal, but for the last digits of a number with a fraction.
bool is_same(const json& one, const json& other) {
  if (one.is_number_float() && other.is_number_float()) {
    const auto a = one.get<double>();
    const auto b = other.get<double>();
    return a == b || std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b));
  }
  if (one.type() != other.type() && !(one.is_number_integer() && other.is_number_integer())) return false;
  if (!one.is_structured()) return one == other;
  if (one.size() != other.size()) return false;
  for (auto left = one.begin(), right = other.begin(); left != one.end(); ++left, ++right)
    if ((one.is_object() && left.key() != right.key()) || !is_same(*left, *right)) return false;
  return true;
}

/// What is left out of an event is not in it, and changes nothing else.
void check_left_out(std::string_view text, const std::optional<json>& whole) {
  static constexpr std::array<std::string_view, 2> kLeftOut{"/spec", "/metadata/managedFields"};
  const auto read = kube::read_event(text, {}, kLeftOut);
  FUZZ_CHECK(read.has_value() == whole.has_value());
  if (!read) return;
  const auto event = support::json_of(read->event);
  if (!event.is_object() || !event.contains("object")) return;
  const auto& object = event.at("object");
  FUZZ_CHECK(!object.is_object() || !object.contains("spec"));
  if (text.find("\"object\"") != text.rfind("\"object\"") || text.find('\\') != std::string_view::npos) return;
  auto expected = *whole;
  if (auto& same = expected["object"]; same.is_object()) {
    same.erase("spec");
    if (same.contains("metadata") && same["metadata"].is_object()) same["metadata"].erase("managedFields");
  }
  FUZZ_CHECK(is_same(event, expected));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto document = kube::read_json(text);
  const auto read = document ? std::optional{support::json_of(*document)} : std::nullopt;
  auto expected = json::parse(text, nullptr, false);
  check_left_out(text, read);
  if (!read) return 0;
  FUZZ_CHECK(!expected.is_discarded());
  // The name of a manager may come after the fields, or twice: what was left out depends on what was read before.
  if (text.find("fieldsV1") != text.rfind("fieldsV1") || text.find("manager") != text.rfind("manager")) return 0;
  if (text.find("fieldsV1") < text.find("manager")) return 0;
  drop_unread(expected);
  FUZZ_CHECK(is_same(*read, expected));
  return 0;
}
