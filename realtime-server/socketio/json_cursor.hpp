// A pull reader that validates JSON in one walk and hands out raw slices of the text: what a client sends is checked
// whole, once, and passed on byte for byte. Owned by the call that reads a packet; one thread; no allocation but the
// growth of the caller's placeholder vector. The slices are views into the text and die with it.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace socketio {

/// Why a text is refused.
enum class JsonError : std::uint8_t {
  kNone,
  kUnexpectedEnd,
  kUnexpectedByte,
  kBadEscape,
  kBadNumber,
  kBadUtf8,
  kControlCharacter,
  kTooDeep,
  kTrailingBytes,
};

/// The word of each JsonError for logs and metrics, and what it says.
struct JsonErrorInfo {
  JsonError error;
  std::string_view name;
  std::string_view meaning;
};

inline constexpr std::array<JsonErrorInfo, 9> kJsonErrors{{
    {JsonError::kNone, "none", "nothing is wrong"},
    {JsonError::kUnexpectedEnd, "unexpected_end", "the text ends before its value does"},
    {JsonError::kUnexpectedByte, "unexpected_byte", "another token was due"},
    {JsonError::kBadEscape, "bad_escape", "a backslash in a string is followed by no escape"},
    {JsonError::kBadNumber, "bad_number", "a number has a leading zero, or lacks a digit"},
    {JsonError::kBadUtf8, "bad_utf8", "a string holds bytes that are not UTF-8"},
    {JsonError::kControlCharacter, "control_character", "a string holds a control character that is not escaped"},
    {JsonError::kTooDeep, "too_deep", "arrays and objects are nested too deep"},
    {JsonError::kTrailingBytes, "trailing_bytes", "more follows the value"},
}};

/// The word of `error`, for example "bad_utf8".
constexpr std::string_view json_error_name(JsonError error) {
  return kJsonErrors[static_cast<std::size_t>(error)].name;
}

/// What the first byte of a value says about it; kNone if none begins there.
enum class JsonKind : std::uint8_t { kNone, kObject, kArray, kString, kNumber, kTrue, kFalse, kNull };

/// Where a value `{"_placeholder":true,"num":N}` stands in the cursor's text: offsets in bytes, `end` is one past it
/// (socket.io-protocol v5, "Binary event").
struct Placeholder {
  std::size_t begin;
  std::size_t end;
  std::uint32_t num;
};

/// Where a walk stopped, and why.
struct JsonFault {
  JsonError error = JsonError::kNone;
  const char* at = nullptr;
};

/// Accepts what JSON.parse accepts (RFC 8259; duplicate keys and escapes of lone surrogates included) if it is UTF-8
/// and not too deep; reads left to right, and says so at the first fault. After a fault every call gives nothing. A
/// call out of turn, for example `value()` where a comma is due, is such a fault, so no misuse makes it accept more.
class JsonCursor {
 public:
  /// Of what clients send.
  static constexpr std::size_t kMaxDepth = 128;
  /// Of what holds that: a message between servers, with the values of rules (at most 32 deep) around it.
  static constexpr std::size_t kMaxMessageDepth = 192;

  /// With `placeholders`, `value()` appends what it meets, in the order of the text. Both must outlive the cursor.
  /// `max_depth` is one of the two above.
  explicit JsonCursor(std::string_view text, std::vector<Placeholder>* placeholders = nullptr,
                      std::size_t max_depth = kMaxDepth);

  /// Takes the `[` that must come next. Its elements follow by `next_element()`.
  bool enter_array();
  /// Moves to the next element of the innermost entered array, which must be consumed before the next call. False at
  /// `]`, which is consumed, and on a fault.
  bool next_element();
  /// Takes the `{` that must come next. Its members follow by `next_member()`.
  bool enter_object();
  /// Moves to the next member of the innermost entered object, whose value must be consumed before the next call, and
  /// gives its key as raw slice with quotes. Nothing at `}`, which is consumed, and on a fault.
  std::optional<std::string_view> next_member();
  /// Walks the next value of any kind and gives its raw slice, without the white space around it. Nothing on a fault;
  /// placeholders that were met before it stay recorded.
  std::optional<std::string_view> value();
  /// The kind of the next value, by its first byte; kNone if no value is due.
  JsonKind peek();
  /// Whether the text's one value was consumed and only white space is left; else a fault.
  bool finish();

  /// Whether `value()` met an object that is no placeholder but that a peer may take for one and look for an
  /// attachment: a member `_placeholder`, however escaped, that is neither false nor null, beside others or with an odd
  /// `num`. If there is no such attachment, JavaScript's client closes its connection and Python's takes no event any
  /// more. Known only with `placeholders`.
  bool has_false_placeholder() const { return false_placeholder_; }

  bool failed() const { return fault_.error != JsonError::kNone; }
  JsonError error() const { return fault_.error; }
  /// Where the fault is, in bytes from the text's begin: the byte that is wrong, the first of a sequence that is no
  /// UTF-8, the text's size if it ends too early. Without a fault, where the cursor stands.
  std::size_t offset() const { return static_cast<std::size_t>((failed() ? fault_.at : at_) - begin_); }

 private:
  enum class Due : std::uint8_t { kValue, kFirst, kSeparator, kEnd };

  void refuse(JsonError error, const char* at);
  void refuse_byte(const char* at);
  bool value_is_due();
  bool enter(bool object);
  bool advance(bool object);
  void value_was_consumed();
  const char* walk_value(const char* p);
  const char* walk_scalar(const char* p);
  const char* open(const char* p);
  const char* next_value(const char* p, std::size_t outer);
  const char* walk_key(const char* p, std::string_view& key);
  const char* walk_member(const char* p);
  bool push(bool object, const char* p);

  const char* begin_;
  const char* at_;
  const char* end_;
  std::vector<Placeholder>* placeholders_;
  JsonFault fault_;
  std::size_t max_depth_;
  std::size_t depth_ = 0;
  std::bitset<kMaxMessageDepth> is_object_;
  Due due_ = Due::kValue;
  bool false_placeholder_ = false;
};

}  // namespace socketio
