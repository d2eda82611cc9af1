#include "operator/kube/json_reader.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>  // the library itself, here only

#include "operator/kube/field_managers.hpp"

namespace kube {
namespace {

using nlohmann::json;

/// Builds the value from what Boost.JSON's parser reports; see its concept of a handler.
class Builder {
 public:
  using Error = boost::system::error_code;
  using Text = boost::json::string_view;
  static constexpr auto max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_string_size = std::numeric_limits<std::size_t>::max();

  using IsKnown = std::function<bool(const json& event)>;

  /// `is_known` is asked at the resourceVersion of the object of an event, and may be empty; both outlive the builder.
  Builder(const IsKnown& is_known, LeftOut left_out) : is_known_{is_known}, left_out_{left_out} {}

  json take() { return std::move(root_); }
  bool stopped() const { return stopped_; }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return open(json::value_t::object); }
  bool on_object_end(std::size_t, Error&) { return close(); }
  bool on_array_begin(Error&) { return open(json::value_t::array); }
  bool on_array_end(std::size_t, Error&) { return close(); }

  bool on_key_part(Text part, std::size_t, Error&) {
    if (skipped_ == 0) key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(Text last, std::size_t, Error&) {
    if (skipped_ > 0) return true;
    key_.append(last.data(), last.size());
    skips_next_ = (key_ == "fieldsV1" && !is_manager_read(*open_.back())) || is_left_out();
    return true;
  }
  bool on_string_part(Text part, std::size_t, Error&) {
    if (skipped_ == 0) text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(Text last, std::size_t, Error& error) {
    if (skipped_ > 0) return true;
    text_.append(last.data(), last.size());
    const bool is_version = is_known_ && key_ == "resourceVersion" && is_at("/metadata/");
    leaf(std::exchange(text_, {}));
    if (!is_version || !is_known_(root_)) return true;
    stopped_ = true;
    error = boost::json::make_error_code(boost::json::error::extra_data);  // any: it ends the parser
    return false;
  }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(std::int64_t number, Text, Error&) { return leaf(number); }
  bool on_uint64(std::uint64_t number, Text, Error&) { return leaf(number); }
  bool on_double(double number, Text, Error& error) {
    if (std::isfinite(number)) return leaf(number);
    error = boost::json::make_error_code(boost::json::error::exponent_overflow);
    return false;
  }
  bool on_bool(bool flag, Error&) { return leaf(flag); }
  bool on_null(Error&) { return leaf(nullptr); }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  static bool is_manager_read(const json& entry) {
    const auto manager = entry.find("manager");
    if (manager == entry.end() || !manager->is_string()) return true;
    return std::find(kManagersRead.begin(), kManagersRead.end(), manager->get_ref<const std::string&>()) !=
           kManagersRead.end();
  }

  /// Whether the next member is one that is left out of an event's object.
  bool is_left_out() const {
    return std::any_of(left_out_.begin(), left_out_.end(), [this](std::string_view pointer) {
      if (!pointer.ends_with(key_)) return false;
      pointer.remove_suffix(key_.size());
      return pointer.ends_with('/') && is_at(pointer);
    });
  }

  /// Whether the innermost object is the one of an event's object that this points to; it ends with a slash.
  bool is_at(std::string_view pointer) const {
    if (open_.size() < 2) return false;
    const auto* at = open_.front()->is_object() ? find(*open_.front(), "object") : nullptr;
    for (pointer.remove_prefix(1); at != nullptr && !pointer.empty();) {
      const auto end = pointer.find('/');
      at = find(*at, pointer.substr(0, end));
      pointer.remove_prefix(end + 1);
    }
    return at == open_.back();
  }

  static const json* find(const json& value, std::string_view name) {
    const auto found = value.find(name);
    return found == value.end() ? nullptr : &*found;
  }

  bool open(json::value_t type) {
    if (skipped_ > 0 || std::exchange(skips_next_, false)) {
      key_.clear();
      ++skipped_;
    } else {
      open_.push_back(&place(type));
    }
    return true;
  }

  bool close() {
    if (skipped_ > 0) {
      --skipped_;
    } else {
      open_.pop_back();
    }
    return true;
  }

  template <class T>
  bool leaf(T&& value) {
    if (skipped_ > 0) return true;
    if (std::exchange(skips_next_, false)) {
      key_.clear();
    } else {
      place(std::forward<T>(value));
    }
    return true;
  }

  /// Where the next value belongs.
  json& place(json value) {
    if (open_.empty()) return root_ = std::move(value);
    auto& parent = *open_.back();
    if (parent.is_array()) return parent.get_ref<json::array_t&>().emplace_back(std::move(value));
    return parent.get_ref<json::object_t&>().insert_or_assign(std::exchange(key_, {}), std::move(value)).first->second;
  }

  const IsKnown& is_known_;
  const LeftOut left_out_;
  bool stopped_ = false;
  json root_;
  std::vector<json*> open_;  // the objects and lists that have begun, from the outermost
  std::string key_;
  std::string text_;
  bool skips_next_ = false;  // the value of the member whose name came last
  std::size_t skipped_ = 0;  // how deep it is within what is left out
};

}  // namespace

std::optional<json> read_event(std::string_view text, const std::function<bool(const json&)>& is_known,
                               LeftOut left_out) {
  boost::json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  boost::json::basic_parser<Builder> parser{options, is_known, left_out};
  boost::system::error_code error;
  const auto read = parser.write_some(false, text.data(), text.size(), error);
  if (!parser.handler().stopped() && (error || read != text.size())) return std::nullopt;
  return parser.handler().take();
}

std::optional<json> read_json(std::string_view text) { return read_event(text, {}); }

}  // namespace kube
