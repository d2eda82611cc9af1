// A pull parser that validates JSON in one pass and returns raw slices of the text: what a client sends is checked
// completely, once, and passed on unchanged. Owned by the call that reads a packet; one thread; allocates nothing
// except in the caller's placeholder vector. The slices are views into the text.
#pragma once

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
  kUnexpectedEnd,     ///< the text ends before its value does
  kUnexpectedByte,    ///< another token was expected
  kBadEscape,         ///< a backslash in a string does not start an escape
  kBadNumber,         ///< a number has a leading zero, or lacks a digit
  kBadUtf8,           ///< a string contains bytes that are not UTF-8
  kControlCharacter,  ///< a string contains an unescaped control character
  kTooDeep,           ///< arrays and objects are nested too deep
  kTrailingBytes,     ///< more follows the value
};

/// The kind of a value by its first byte; kNone if no value begins there.
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

/// Accepts what JSON.parse accepts (RFC 8259; including duplicate keys and escapes of lone surrogates) if it is UTF-8
/// and not too deep. Reads left to right and stops at the first fault; after it every call returns nothing. A call in
/// the wrong order, for example `value()` where a comma is expected, is also a fault, so misuse cannot make it accept
/// invalid text.
class JsonCursor {
 public:
  /// For what clients send.
  static constexpr std::size_t kMaxDepth = 128;
  /// For messages between servers, which contain it inside the values of rules (at most 32 deep).
  static constexpr std::size_t kMaxMessageDepth = 192;

  /// With `placeholders`, `value()` appends those that it finds, in the order of the text. Both must outlive the
  /// cursor. `max_depth` is one of the two above.
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
  /// Validates the next value of any kind and returns its raw slice, without surrounding white space. Nothing on a
  /// fault; placeholders found before it stay recorded.
  std::optional<std::string_view> value();
  /// The kind of the next value, by its first byte; kNone if no value is expected.
  JsonKind peek();
  /// Whether the text's only value was consumed and only white space is left; otherwise a fault.
  bool finish();

  /// Whether `value()` found an object that is not a placeholder but that a client may treat as one: with a member
  /// `_placeholder`, escaped in any way, that is neither false nor null, and with other members or an invalid `num`. If
  /// the attachment does not exist, the JavaScript client closes its connection and the Python client stops receiving
  /// events. Only detected with `placeholders`.
  bool has_false_placeholder() const { return false_placeholder_; }

  bool failed() const { return fault_.error != JsonError::kNone; }
  JsonError error() const { return fault_.error; }
  /// The position of the fault, in bytes from the text's begin: the wrong byte, the first byte of an invalid UTF-8
  /// sequence, or the text's size if it ends too early. Without a fault, the current position.
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
