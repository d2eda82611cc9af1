#include "operator/kube/json_reader.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>  // the library itself, here only
#include <boost/json/value_stack.hpp>
#include <simdjson.h>

namespace kube {
namespace {

namespace dom = simdjson::dom;

/// The parser of this thread, whose memory grows to 14 times the largest text that it has parsed. While it is taken,
/// another may be: what one has parsed is not overwritten.
class TakenParser {
 public:
  TakenParser() : parser_{std::move(idle())} {
    if (parser_) return;
    parser_ = std::make_unique<dom::parser>(kMaxBytes);
    if (parser_->allocate(kLeastBytes, kMaxJsonDepth) != simdjson::SUCCESS) throw std::bad_alloc{};
  }
  ~TakenParser() { idle() = std::move(parser_); }
  TakenParser(const TakenParser&) = delete;
  TakenParser& operator=(const TakenParser&) = delete;

  /// Fails with CAPACITY for a text beyond kMaxBytes. What it gives is valid as long as the parser is taken.
  simdjson::simdjson_result<dom::element> parse(std::string_view text) {
    return parser_->parse(text.data(), text.size());
  }

 private:
  static constexpr std::size_t kMaxBytes = std::size_t{256} << 10U;
  static constexpr std::size_t kLeastBytes = std::size_t{16} << 10U;

  static std::unique_ptr<dom::parser>& idle() {
    thread_local std::unique_ptr<dom::parser> parser;
    return parser;
  }

  std::unique_ptr<dom::parser> parser_;
};

/// In memory a value is about twice as large as its text.
JsonMemory memory_for(std::string_view text) {
  static constexpr std::size_t kLeast = 256;
  return make_json_memory(kLeast + 2 * text.size());
}

/// Builds the value from what Boost.JSON's parser reports; see its concept of a handler. Its own parser would round a
/// double of many digits twice, and one text has to be the same value whatever reads it.
class Builder {
 public:
  using Error = boost::system::error_code;
  using Text = boost::json::string_view;
  static constexpr auto max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_string_size = std::numeric_limits<std::size_t>::max();

  explicit Builder(boost::json::storage_ptr memory) { stack_.reset(std::move(memory)); }
  Json take() { return stack_.release(); }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return true; }
  bool on_object_end(std::size_t count, Error&) { return stack_.push_object(count), true; }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(std::size_t count, Error&) { return stack_.push_array(count), true; }
  bool on_key_part(Text part, std::size_t, Error&) { return stack_.push_chars(part), true; }
  bool on_key(Text last, std::size_t, Error&) { return stack_.push_key(last), true; }
  bool on_string_part(Text part, std::size_t, Error&) { return stack_.push_chars(part), true; }
  bool on_string(Text last, std::size_t, Error&) { return stack_.push_string(last), true; }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(std::int64_t number, Text, Error&) { return stack_.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, Text, Error&) { return stack_.push_uint64(number), true; }
  bool on_double(double rounded, Text text, Error& error) {
    double number = 0.0;  // what is too small for a double
    const auto [end, outcome] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (outcome != std::errc{} && !(std::abs(rounded) < 1.0)) {
      error = boost::json::make_error_code(boost::json::error::exponent_overflow);
      return false;
    }
    return stack_.push_double(number), true;
  }
  bool on_bool(bool flag, Error&) { return stack_.push_bool(flag), true; }
  bool on_null(Error&) { return stack_.push_null(), true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  boost::json::value_stack stack_;
};

/// The text with null for each value that is nested too deeply. What is left out is not looked at: it may be no JSON.
std::string without_deep_values(std::string_view text) {
  std::string kept;
  std::size_t depth = 0;
  bool is_in_string = false;
  bool is_escaped = false;
  const auto keep = [&](char c) {
    if (depth <= kMaxJsonDepth) kept += c;
  };
  for (const char c : text) {
    const bool opens = !is_in_string && (c == '[' || c == '{');
    const bool closes = !is_in_string && (c == ']' || c == '}');
    if (c == '"' && !is_escaped) is_in_string = !is_in_string;
    is_escaped = is_in_string && c == '\\' && !is_escaped;
    if (opens && ++depth == kMaxJsonDepth + 1) kept += "null";
    keep(c);
    if (closes && depth > 0) --depth;
  }
  return kept;
}

std::optional<Object> build(std::string_view text, boost::system::error_code& error) {
  boost::json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  auto memory = memory_for(text);
  boost::json::basic_parser<Builder> parser{options, memory.get()};
  const auto size = parser.write_some(false, text.data(), text.size(), error);
  if (error || size != text.size()) return std::nullopt;
  auto value = parser.handler().take();
  return Object{std::move(memory), std::move(value)};
}

/// Reads what simdjson does not: texts that are too large or too deep for it, and numbers beyond 64 bits, which become
/// doubles.
std::optional<Object> read_slowly(std::string_view text) {
  boost::system::error_code error;
  auto value = build(text, error);
  if (error == boost::json::error::too_deep) value = build(without_deep_values(text), error);
  return value;
}

}  // namespace

bool read_json(std::string_view text, const std::function<void(JsonView)>& read) {
  TakenParser parser;
  dom::element parsed;
  if (parser.parse(text).get(parsed) == simdjson::SUCCESS) {
    read(JsonView{parsed});
    return true;
  }
  const auto value = read_slowly(text);
  if (value) read(value->json());
  return value.has_value();
}

std::optional<Object> read_json(std::string_view text) {
  TakenParser parser;
  dom::element parsed;
  if (parser.parse(text).get(parsed) != simdjson::SUCCESS) return read_slowly(text);
  auto memory = memory_for(text);
  auto value = JsonView{parsed}.to_json(memory.get());
  return Object{std::move(memory), std::move(value)};
}

}  // namespace kube
