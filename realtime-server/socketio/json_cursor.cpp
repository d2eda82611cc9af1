#include "realtime-server/socketio/json_cursor.hpp"

#include "realtime-server/socketio/json_bytes.hpp"
#include "realtime-server/socketio/json_placeholder.hpp"
#include "realtime-server/socketio/json_tokens.hpp"

namespace socketio {

JsonCursor::JsonCursor(std::string_view text, std::vector<Placeholder>* placeholders, std::size_t max_depth)
    : begin_{text.data()},
      at_{begin_},
      end_{begin_ + text.size()},
      placeholders_{placeholders},
      max_depth_{max_depth} {}

// The first fault is the one that counts.
void JsonCursor::refuse(JsonError error, const char* at) {
  if (!failed()) fault_ = {error, at};
}

void JsonCursor::refuse_byte(const char* at) {
  refuse(at == end_ ? JsonError::kUnexpectedEnd : JsonError::kUnexpectedByte, at);
}

bool JsonCursor::value_is_due() {
  if (failed() || due_ != Due::kValue) {
    refuse_byte(at_);
    return false;
  }
  at_ = skip_space(at_, end_);
  return true;
}

void JsonCursor::value_was_consumed() { due_ = depth_ == 0 ? Due::kEnd : Due::kSeparator; }

// Enters the container whose bracket is at p.
bool JsonCursor::push(bool object, const char* p) {
  if (depth_ == max_depth_) {
    refuse(JsonError::kTooDeep, p);
    return false;
  }
  is_object_[depth_++] = object;
  return true;
}

bool JsonCursor::enter(bool object) {
  if (!value_is_due()) return false;
  if (at_ == end_ || *at_ != (object ? '{' : '[')) {
    refuse_byte(at_);
    return false;
  }
  if (!push(object, at_)) return false;
  ++at_;
  due_ = Due::kFirst;
  return true;
}

bool JsonCursor::enter_array() { return enter(false); }

bool JsonCursor::enter_object() { return enter(true); }

// Moves past the comma to the next element or member, or past the bracket that closes the container.
bool JsonCursor::advance(bool object) {
  const bool in_turn =
      depth_ > 0 && is_object_[depth_ - 1] == object && (due_ == Due::kFirst || due_ == Due::kSeparator);
  if (failed() || !in_turn) {
    refuse_byte(at_);
    return false;
  }
  at_ = skip_space(at_, end_);
  if (at_ != end_ && *at_ == (object ? '}' : ']')) {
    ++at_;
    --depth_;
    value_was_consumed();
    return false;
  }
  if (due_ == Due::kSeparator) {
    if (at_ == end_ || *at_ != ',') {
      refuse_byte(at_);
      return false;
    }
    at_ = skip_space(at_ + 1, end_);
  }
  due_ = Due::kValue;
  return true;
}

bool JsonCursor::next_element() { return advance(false); }

std::optional<std::string_view> JsonCursor::next_member() {
  if (!advance(true)) return std::nullopt;
  std::string_view key;
  const char* const after = walk_key(at_, key);
  if (after == nullptr) return std::nullopt;
  at_ = after;
  return key;
}

std::optional<std::string_view> JsonCursor::value() {
  if (!value_is_due()) return std::nullopt;
  const char* const first = at_;
  const char* const after = walk_value(first);
  if (after == nullptr) return std::nullopt;
  at_ = after;
  value_was_consumed();
  return std::string_view{first, static_cast<std::size_t>(after - first)};
}

JsonKind JsonCursor::peek() {
  if (failed() || due_ != Due::kValue) return JsonKind::kNone;
  at_ = skip_space(at_, end_);
  if (at_ == end_) return JsonKind::kNone;
  switch (*at_) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 't':
      return JsonKind::kTrue;
    case 'f':
      return JsonKind::kFalse;
    case 'n':
      return JsonKind::kNull;
    default:
      return *at_ == '-' || is_digit(*at_) ? JsonKind::kNumber : JsonKind::kNone;
  }
}

bool JsonCursor::finish() {
  if (failed()) return false;
  at_ = skip_space(at_, end_);
  if (due_ == Due::kEnd && at_ == end_) return true;
  refuse(at_ == end_ ? JsonError::kUnexpectedEnd : JsonError::kTrailingBytes, at_);
  return false;
}

// Validates the value that begins at p, to its end. No recursion: is_object_ holds the open containers.
const char* JsonCursor::walk_value(const char* p) {
  const std::size_t outer = depth_;
  while (p != nullptr) {
    const std::size_t before = depth_;
    p = p != end_ && (*p == '[' || *p == '{') ? open(p) : walk_scalar(p);
    if (p == nullptr || depth_ > before) continue;
    p = next_value(p, outer);
    if (depth_ == outer) return p;
  }
  return nullptr;
}

const char* JsonCursor::walk_scalar(const char* p) {
  switch (p == end_ ? '\0' : *p) {
    case '"':
      return skip_string(p, end_, fault_);
    case 't':
      return skip_word(p, end_, "true", fault_);
    case 'f':
      return skip_word(p, end_, "false", fault_);
    case 'n':
      return skip_word(p, end_, "null", fault_);
    default:
      if (p != end_ && (*p == '-' || is_digit(*p))) return skip_number(p, end_, fault_);
      refuse_byte(p);
      return nullptr;
  }
}

// Opens the container at p and moves to its first value; closes it again if it is empty or a placeholder.
const char* JsonCursor::open(const char* p) {
  const bool object = *p == '{';
  if (!push(object, p)) return nullptr;
  if (object && placeholders_ != nullptr) {
    std::uint32_t num = 0;
    if (const char* const after = match_placeholder(p, end_, num)) {
      placeholders_->push_back({static_cast<std::size_t>(p - begin_), static_cast<std::size_t>(after - begin_), num});
      --depth_;
      return after;
    }
  }
  p = skip_space(p + 1, end_);
  if (p != end_ && *p == (object ? '}' : ']')) {
    --depth_;
    return p + 1;
  }
  return object ? walk_member(p) : p;
}

// Moves from the end of a value to the next value inside the containers above `outer`, closing those that end; returns
// the end of the last one when all are closed.
const char* JsonCursor::next_value(const char* p, std::size_t outer) {
  while (depth_ > outer) {
    const bool object = is_object_[depth_ - 1];
    p = skip_space(p, end_);
    if (p != end_ && *p == ',') {
      p = skip_space(p + 1, end_);
      return object ? walk_member(p) : p;
    }
    if (p == end_ || *p != (object ? '}' : ']')) {
      refuse_byte(p);
      return nullptr;
    }
    ++p;
    --depth_;
  }
  return p;
}

// Reads the key at p and the colon; returns the begin of the member's value.
const char* JsonCursor::walk_key(const char* p, std::string_view& key) {
  if (p == end_ || *p != '"') {
    refuse_byte(p);
    return nullptr;
  }
  const char* after = skip_string(p, end_, fault_);
  if (after == nullptr) return nullptr;
  key = {p, static_cast<std::size_t>(after - p)};
  after = skip_space(after, end_);
  if (after == end_ || *after != ':') {
    refuse_byte(after);
    return nullptr;
  }
  return skip_space(after + 1, end_);
}

// A key inside a value. Real placeholders are handled elsewhere.
const char* JsonCursor::walk_member(const char* p) {
  std::string_view key;
  const char* const after = walk_key(p, key);
  if (after != nullptr && placeholders_ != nullptr && after != end_ && *after != 'f' && *after != 'n' &&
      means_placeholder(key))
    false_placeholder_ = true;
  return after;
}

}  // namespace socketio
