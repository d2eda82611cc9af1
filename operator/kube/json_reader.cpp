#include "operator/kube/json_reader.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include <boost/json/src.hpp>  // the library itself, here only
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

bool has_infinity(const Json& value) {
  if (const auto* number = value.if_double()) return !std::isfinite(*number);
  if (const auto* list = value.if_array()) return std::any_of(list->begin(), list->end(), has_infinity);
  const auto* object = value.if_object();
  return object != nullptr &&
         std::any_of(object->begin(), object->end(), [](const auto& member) { return has_infinity(member.value()); });
}

/// Reads what simdjson does not: texts that are too large for it, and numbers beyond 64 bits, which become doubles.
std::optional<Object> read_slowly(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  auto memory = memory_for(text);
  boost::system::error_code error;
  auto value = boost::json::parse(text, error, memory.get(), options);
  if (error || has_infinity(value)) return std::nullopt;
  return Object{std::move(memory), std::move(value)};
}

bool is_for_slow_reading(simdjson::error_code error) {
  return error == simdjson::CAPACITY || error == simdjson::NUMBER_ERROR;
}

}  // namespace

bool read_json(std::string_view text, const std::function<void(JsonView)>& read) {
  TakenParser parser;
  dom::element parsed;
  const auto error = parser.parse(text).get(parsed);
  if (is_for_slow_reading(error)) {
    const auto value = read_slowly(text);
    if (value) read(value->json());
    return value.has_value();
  }
  if (error != simdjson::SUCCESS) return false;
  read(JsonView{parsed});
  return true;
}

std::optional<Object> read_json(std::string_view text) {
  TakenParser parser;
  dom::element parsed;
  const auto error = parser.parse(text).get(parsed);
  if (is_for_slow_reading(error)) return read_slowly(text);
  if (error != simdjson::SUCCESS) return std::nullopt;
  auto memory = memory_for(text);
  auto value = JsonView{parsed}.to_json(memory.get());
  return Object{std::move(memory), std::move(value)};
}

}  // namespace kube
