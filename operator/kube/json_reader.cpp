#include "operator/kube/json_reader.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>  // the library itself, here only
#include <boost/json/value_stack.hpp>

#include "core/utf8.hpp"
#include "operator/kube/field_managers.hpp"
#include "operator/kube/json_pointer.hpp"

namespace kube {
namespace {

using IsKnown = std::function<bool(const EventHead&)>;

/// Builds the value from what Boost.JSON's parser reports; see its concept of a handler.
class Builder {
 public:
  using Error = boost::system::error_code;
  using Text = boost::json::string_view;
  static constexpr auto max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_string_size = std::numeric_limits<std::size_t>::max();

  /// `is_known` is asked at the resourceVersion of the object of an event, and may be empty; both outlive the builder.
  Builder(JsonMemory memory, const IsKnown& is_known, LeftOut left_out)
      : is_known_{is_known},
        left_out_{left_out},
        memory_{std::move(memory)},
        // Of its own: it grows, and what it had before would stay in the memory.
        stack_{{}, stack_bytes_, sizeof stack_bytes_} {
    stack_.reset(memory_.get());
    open_.reserve(kUsualDepth);
  }

  ReadEvent take() {
    if (stopped_) return {std::move(head_), {}};
    auto value = stack_.release();
    return {std::nullopt, {std::move(memory_), std::move(value)}};
  }
  bool stopped() const { return stopped_; }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return open(false); }
  bool on_object_end(std::size_t, Error&) {
    if (is_closing()) stack_.push_object(close());
    return true;
  }
  bool on_array_begin(Error&) { return open(true); }
  bool on_array_end(std::size_t, Error&) {
    if (is_closing()) stack_.push_array(close());
    return true;
  }

  bool on_key_part(Text part, std::size_t, Error&) {
    if (skipped_ == 0) key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(Text last, std::size_t, Error&) {
    if (skipped_ > 0) return true;
    key_.append(last.data(), last.size());
    skips_next_ = (key_ == "fieldsV1" && open_.back().is_manager_unread) || is_left_out();
    if (!skips_next_) stack_.push_key({key_.data(), key_.size()});
    return true;
  }
  bool on_string_part(Text part, std::size_t, Error&) {
    if (counts_leaf()) text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(Text last, std::size_t, Error& error) {
    if (!leaf()) return true;
    if (!text_.empty()) last = Text{text_.append(last.data(), last.size())};
    stack_.push_string(last);
    const bool ends = notice({last.data(), last.size()});
    text_.clear();
    key_.clear();
    if (!ends) return true;
    stopped_ = true;
    error = boost::json::make_error_code(boost::json::error::extra_data);  // any: it ends the parser
    return false;
  }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(std::int64_t number, Text, Error&) {
    if (plain_leaf()) stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, Text, Error&) {
    if (plain_leaf()) stack_.push_uint64(number);
    return true;
  }
  bool on_double(double number, Text, Error& error) {
    if (!std::isfinite(number)) {
      error = boost::json::make_error_code(boost::json::error::exponent_overflow);
      return false;
    }
    if (plain_leaf()) stack_.push_double(number);
    return true;
  }
  bool on_bool(bool flag, Error&) {
    if (plain_leaf()) stack_.push_bool(flag);
    return true;
  }
  bool on_null(Error&) {
    if (plain_leaf()) stack_.push_null();
    return true;
  }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  /// An object or list that has begun.
  struct Open {
    std::size_t count = 0;  // of what is in it, without what is skipped
    std::size_t path;       // how much of `path_` leads to it
    bool is_list;
    bool is_elsewhere;               // neither it nor what is in it is looked for
    bool is_manager_unread = false;  // it has a `manager` that is not among kManagersRead
  };

  /// Whether the innermost object is the one of an event that this leads to.
  bool is_at(std::string_view path) const { return !open_.empty() && !open_.back().is_elsewhere && path_ == path; }

  /// Whether the next member is one that is left out of an event's object.
  bool is_left_out() const {
    if (left_out_.empty() || open_.back().is_elsewhere || !path_.starts_with(kObject)) return false;
    return std::any_of(left_out_.begin(), left_out_.end(), [this](std::string_view pointer) {
      const auto name = pointer.rfind('/');
      return pointer.substr(name + 1) == key_ &&
             pointer.substr(0, name) == std::string_view{path_}.substr(kObject.size());
    });
  }

  /// Takes note of a text that matters to what follows; whether nothing need follow.
  bool notice(std::string_view text) {
    if (open_.empty() || open_.back().is_list) return false;
    if (key_ == "manager")
      open_.back().is_manager_unread =
          std::find(kManagersRead.begin(), kManagersRead.end(), text) == kManagersRead.end();
    if (!is_known_) return false;
    if (key_ == "type" && is_at("")) head_.type = text;
    if (!is_at(kMetadata)) return false;
    if (key_ == "namespace") head_.key.name_space = text;
    if (key_ == "name") head_.key.name = text;
    if (key_ != "resourceVersion") return false;
    head_.version = text;
    return is_known_(head_);
  }

  bool open(bool is_list) {
    if (skipped_ > 0 || std::exchange(skips_next_, false)) {
      key_.clear();
      ++skipped_;
      return true;
    }
    bool is_elsewhere = is_list;
    if (!open_.empty()) {
      auto& parent = open_.back();
      ++parent.count;
      is_elsewhere = is_elsewhere || parent.is_elsewhere;
      if (!is_elsewhere) path_ += pointer_step(key_);
      is_elsewhere = is_elsewhere || !leads_somewhere();
    }
    key_.clear();
    open_.push_back({.path = path_.size(), .is_list = is_list, .is_elsewhere = is_elsewhere});
    return true;
  }

  /// Whether the innermost object has something that is looked for, or something in it has.
  bool leads_somewhere() const {
    const auto is_begun_by = [this](std::string_view pointer) { return pointer.starts_with(path_); };
    if (is_begun_by(kMetadata)) return true;
    if (!path_.starts_with(kObject)) return false;
    const auto inner = std::string_view{path_}.substr(kObject.size());
    return std::any_of(left_out_.begin(), left_out_.end(), [&](auto pointer) { return pointer.starts_with(inner); });
  }

  /// Whether what ends was not skipped.
  bool is_closing() {
    if (skipped_ == 0) return true;
    --skipped_;
    return false;
  }

  std::size_t close() {
    const auto count = open_.back().count;
    open_.pop_back();
    path_.resize(open_.empty() ? 0 : open_.back().path);
    return count;
  }

  bool counts_leaf() const { return skipped_ == 0 && !skips_next_; }

  /// Counts a value that is neither object nor list; not one that is skipped.
  bool leaf() {
    if (skipped_ > 0) return false;
    if (std::exchange(skips_next_, false)) {
      key_.clear();
      return false;
    }
    if (!open_.empty()) ++open_.back().count;
    return true;
  }

  bool plain_leaf() {
    if (!leaf()) return false;
    key_.clear();
    return true;
  }

  static constexpr std::string_view kObject = "/object";
  static constexpr std::string_view kMetadata = "/object/metadata";
  static constexpr std::size_t kUsualDepth = 24;
  static constexpr std::size_t kStackBytes = 4096;

  const IsKnown& is_known_;
  const LeftOut left_out_;
  JsonMemory memory_;
  unsigned char stack_bytes_[kStackBytes];
  boost::json::value_stack stack_;
  bool stopped_ = false;
  EventHead head_;
  std::vector<Open> open_;  // from the outermost
  std::string path_;        // to the innermost, as a JSON pointer
  std::string key_;
  std::string text_;
  bool skips_next_ = false;  // the value of the member whose name came last
  std::size_t skipped_ = 0;  // how deep it is within what is left out
};

/// In memory a value is about twice as large as its text.
JsonMemory memory_for(std::string_view text) {
  static constexpr std::size_t kLeast = 256;
  return make_json_memory(kLeast + 2 * text.size());
}

}  // namespace

std::optional<ReadEvent> read_event(std::string_view text, const IsKnown& is_known, LeftOut left_out) {
  if (!core::is_utf8(text)) return std::nullopt;
  boost::json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  options.allow_invalid_utf8 = true;  // it was looked at above, at once
  boost::json::basic_parser<Builder> parser{options, memory_for(text), is_known, left_out};
  boost::system::error_code error;
  const auto read = parser.write_some(false, text.data(), text.size(), error);
  if (!parser.handler().stopped() && (error || read != text.size())) return std::nullopt;
  return parser.handler().take();
}

std::optional<Object> read_json(std::string_view text) {
  auto read = read_event(text, {});
  return read ? std::optional{std::move(read->event)} : std::nullopt;
}

}  // namespace kube
