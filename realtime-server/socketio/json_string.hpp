// Converts raw JSON strings to UTF-8 text and back. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace socketio {

/// The UTF-8 text of a string slice from a JsonCursor, with quotes. Half of a surrogate pair (`\ud800` alone), which
/// UTF-8 cannot represent, becomes U+FFFD. Empty if the slice is not a string.
std::string unescape(std::string_view raw);

/// Appends `text` as a JSON string with quotes. Each maximal invalid subpart of bytes that are not UTF-8 becomes
/// U+FFFD, as in JavaScript's TextDecoder. Escapes what must be escaped and nothing else.
void append_json_string(std::string& out, std::string_view text);

}  // namespace socketio
