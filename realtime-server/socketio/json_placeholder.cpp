#include "realtime-server/socketio/json_placeholder.hpp"

#include <charconv>
#include <limits>
#include <system_error>

#include "realtime-server/socketio/json_bytes.hpp"
#include "realtime-server/socketio/json_string.hpp"
#include "realtime-server/socketio/json_tokens.hpp"

namespace socketio {
namespace {

constexpr std::string_view kMark = R"("_placeholder")";
constexpr std::string_view kNumber = R"("num")";

bool begins_with(const char* p, const char* end, std::string_view word) {
  return std::string_view{p, static_cast<std::size_t>(end - p)}.starts_with(word);
}

// The value of the member whose name ends at p, or nothing if no colon follows.
const char* to_member_value(const char* p, const char* end) {
  p = skip_space(p, end);
  return p != end && *p == ':' ? skip_space(p + 1, end) : nullptr;
}

const char* match_mark(const char* p, const char* end) {
  p = to_member_value(p, end);
  return p != nullptr && begins_with(p, end, "true") ? p + 4 : nullptr;
}

const char* match_number(const char* p, const char* end, std::uint32_t& num) {
  p = to_member_value(p, end);
  if (p == nullptr) return nullptr;
  const auto [after, error] = std::from_chars(p, end, num);
  if (error != std::errc{} || (*p == '0' && after - p > 1)) return nullptr;
  return after;
}

}  // namespace

const char* match_placeholder(const char* p, const char* end, std::uint32_t& num) {
  bool marked = false;
  bool numbered = false;
  while (!marked || !numbered) {
    p = skip_space(p + 1, end);  // past the brace or the comma
    if (!marked && begins_with(p, end, kMark)) {
      marked = true;
      p = match_mark(p + kMark.size(), end);
    } else if (!numbered && begins_with(p, end, kNumber)) {
      numbered = true;
      p = match_number(p + kNumber.size(), end, num);
    } else {
      return nullptr;
    }
    if (p == nullptr) return nullptr;
    p = skip_space(p, end);
    if (p == end || *p != (marked && numbered ? '}' : ',')) return nullptr;
  }
  return p + 1;
}

bool means_placeholder(std::string_view key) {
  if (key == kMark) return true;
  // Each of its twelve characters takes one byte, or six as an escape.
  constexpr std::size_t kLongest = 2 + 6 * (kMark.size() - 2);
  return key.size() <= kLongest && key.find('\\') != std::string_view::npos &&
         unescape(key) == kMark.substr(1, kMark.size() - 2);
}

}  // namespace socketio
