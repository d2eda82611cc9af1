// Any text as JSON from the API server: what is read is what nlohmann::json reads, and what is refused is refused by
// it.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "operator/kube/json_reader.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/support/json.hpp"

namespace {

using nlohmann::json;

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto document = kube::read_json(text);
  const auto read = document ? std::optional{support::json_of(*document)} : std::nullopt;
  const auto expected = json::parse(text, nullptr, false);
  std::optional<json> seen;
  FUZZ_CHECK(kube::read_json(text, [&](kube::JsonView value) { seen = support::json_of(value.to_json()); }) ==
             read.has_value());
  FUZZ_CHECK(seen == read);
  const bool may_be_deep = std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; }) >
                           static_cast<std::ptrdiff_t>(kube::kMaxJsonDepth);
  if (!read || may_be_deep) return 0;
  FUZZ_CHECK(!expected.is_discarded());
  FUZZ_CHECK(is_same(*read, expected));
  return 0;
}
