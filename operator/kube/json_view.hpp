// A JSON value to read, wherever it is: among the values of Boost.JSON, or in a text that was parsed and of which no
// values were made (json_reader.hpp). Valid as long as that; used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/container/small_vector.hpp>
#include <boost/json/value.hpp>

namespace simdjson::dom {
class element;
}

namespace kube {

using Json = boost::json::value;

/// What a JSON value can be.
enum class JsonKind { kNothing, kObject, kList, kText, kNumber, kFlag, kNull };

class JsonView {
 public:
  struct Member;
  // As many as most have.
  using Members = boost::container::small_vector<Member, 16>;
  using Elements = boost::container::small_vector<JsonView, 4>;

  /// Of nothing.
  JsonView() = default;
  JsonView(const Json& value) : at_{&value}, index_{kOfBoost} {}  // NOLINT(google-explicit-constructor): it is one
  /// Of a value that simdjson has parsed.
  explicit JsonView(const simdjson::dom::element& element);

  bool is_nothing() const { return at_ == nullptr; }
  JsonKind kind() const;
  bool is_object() const { return kind() == JsonKind::kObject; }
  bool is_list() const { return kind() == JsonKind::kList; }
  bool is_text() const { return kind() == JsonKind::kText; }
  /// Whether it is an object, and not an empty one.
  bool has_members() const;

  /// The member of an object, or nothing. Of several with the same name, which the API server never sends, any one.
  JsonView find(std::string_view member) const;
  /// The members of an object, in their order; none if it is no object.
  Members members() const;
  /// The elements of a list; none if it is no list.
  Elements elements() const;
  /// The text that this is, or an empty one.
  std::string_view text() const;
  std::optional<bool> flag() const;
  /// The whole number that this is, if it is one that T has.
  template <class T>
  std::optional<T> number() const {
    const auto in_range = [](auto number) {
      return std::in_range<T>(number) ? std::optional{static_cast<T>(number)} : std::nullopt;
    };
    if (const auto number = int64()) return in_range(*number);
    if (const auto number = uint64()) return in_range(*number);
    return std::nullopt;
  }

  /// The value, for `memory`; null for nothing.
  Json to_json(boost::json::storage_ptr memory = {}) const;

 private:
  static constexpr std::size_t kOfBoost = std::numeric_limits<std::size_t>::max();

  const Json* boost() const { return index_ == kOfBoost ? static_cast<const Json*>(at_) : nullptr; }
  std::optional<std::int64_t> int64() const;
  std::optional<std::uint64_t> uint64() const;

  // The value of Boost.JSON; or, as in dom::element, a document and a place in it.
  const void* at_ = nullptr;
  std::size_t index_ = kOfBoost;
};

struct JsonView::Member {
  std::string_view name;
  JsonView value;
};

/// Whether both have the same value; the order of members counts for nothing.
bool is_same(JsonView one, JsonView other);

/// The value at `path`, or nothing.
inline JsonView find_at(JsonView json, std::initializer_list<std::string_view> path) {
  for (const auto step : path) json = json.find(step);
  return json;
}

/// The elements of the list at `path`; none if there is no list.
inline JsonView::Elements list_at(JsonView json, std::initializer_list<std::string_view> path) {
  return find_at(json, path).elements();
}

/// The text, flag or whole number at `path` if it is there and of type T, else `fallback`. A std::string_view is valid
/// as long as the value.
template <class T>
T value_at(JsonView json, std::initializer_list<std::string_view> path, T fallback = T{}) {
  const auto found = find_at(json, path);
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    return found.is_text() ? T{found.text()} : fallback;
  } else if constexpr (std::is_same_v<T, bool>) {
    return found.flag().value_or(fallback);
  } else {
    static_assert(std::is_integral_v<T>);
    return found.number<T>().value_or(fallback);
  }
}

}  // namespace kube
