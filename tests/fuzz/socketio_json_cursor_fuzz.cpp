// The JSON walk on arbitrary bytes: it stays inside the text, finds the same however it is walked, and what it gives
// out stands on its own.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/utf8.hpp"
#include "realtime-server/socketio/json_bytes.hpp"
#include "realtime-server/socketio/json_cursor.hpp"
#include "realtime-server/socketio/json_string.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/support/json_walk.hpp"

namespace {

using socketio::JsonCursor;

bool lies_in(std::string_view slice, std::string_view text) {
  return slice.data() >= text.data() && slice.data() + slice.size() <= text.data() + text.size();
}

// A slice is whole: a text by itself, without space around it.
void check_slice(std::string_view slice, std::string_view text) {
  FUZZ_CHECK(lies_in(slice, text));
  FUZZ_CHECK(!slice.empty());
  JsonCursor again{slice};
  const auto same = again.value();
  FUZZ_CHECK(same && *same == slice && again.finish());
  FUZZ_CHECK(core::is_utf8(slice));
}

// What a string says can be quoted again, and says the same then.
void check_string(std::string_view raw) {
  const auto said = socketio::unescape(raw);
  FUZZ_CHECK(core::is_utf8(said));
  std::string requoted;
  socketio::append_json_string(requoted, said);
  FUZZ_CHECK(!json_walk::walked(requoted).failed());
  FUZZ_CHECK(socketio::unescape(requoted) == said);
}

void check_parts(std::string_view text) {
  JsonCursor cursor{text};
  switch (cursor.peek()) {
    case socketio::JsonKind::kArray:
      FUZZ_CHECK(cursor.enter_array());
      while (cursor.next_element())
        if (const auto element = cursor.value()) check_slice(*element, text);
      break;
    case socketio::JsonKind::kObject:
      FUZZ_CHECK(cursor.enter_object());
      while (const auto key = cursor.next_member()) {
        check_slice(*key, text);
        check_string(*key);
        if (const auto member = cursor.value()) check_slice(*member, text);
      }
      break;
    case socketio::JsonKind::kString:
      if (const auto string = cursor.value()) check_string(*string);
      break;
    default:
      break;
  }
}

void check_placeholders(std::string_view text, const JsonCursor& plain) {
  std::vector<socketio::Placeholder> found;
  JsonCursor cursor{text, &found};
  cursor.value();
  cursor.finish();
  // Looking for them changes nothing about what is accepted.
  FUZZ_CHECK(cursor.error() == plain.error() && cursor.offset() == plain.offset());
  std::size_t last = 0;
  for (const auto& [begin, end, num] : found) {
    FUZZ_CHECK(begin >= last && begin < end && end <= text.size());
    last = end;
    std::vector<socketio::Placeholder> alone;
    JsonCursor again{text.substr(begin, end - begin), &alone};
    FUZZ_CHECK(again.value() && again.finish());
    FUZZ_CHECK(alone.size() == 1 && alone[0].begin == 0 && alone[0].end == end - begin && alone[0].num == num);
    FUZZ_CHECK(!again.has_false_placeholder());
  }
}

void check_any_bytes(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  FUZZ_CHECK(socketio::skip_plain(begin, end) == socketio::skip_plain_portable(begin, end));
  std::string quoted;
  socketio::append_json_string(quoted, text);
  FUZZ_CHECK(!json_walk::walked(quoted).failed());
  if (core::is_utf8(text)) FUZZ_CHECK(socketio::unescape(quoted) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto walked = json_walk::walked(text);
  const auto entered = json_walk::entered(text);
  FUZZ_CHECK(walked.error() == entered.error() && walked.offset() == entered.offset());
  FUZZ_CHECK(walked.offset() <= size);
  if (!walked.failed()) {
    FUZZ_CHECK(walked.offset() == size);
    FUZZ_CHECK(core::is_utf8(text));
  }
  check_parts(text);
  check_placeholders(text, walked);
  check_any_bytes(text);
  return 0;
}
