// JSON strings from and to text in UTF-8: what a raw slice says, and text as a slice. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace socketio {

/// What a string slice that a JsonCursor gave says, with quotes: its text as UTF-8. Half of a surrogate pair
/// (`\ud800` alone), which UTF-8 cannot hold, becomes U+FFFD. Of a slice that is no string, nothing.
std::string unescape(std::string_view raw);

/// Appends `text` as a JSON string with quotes. Of bytes that are not UTF-8, each maximal subpart becomes U+FFFD, as
/// JavaScript's TextDecoder does it. Escapes what must be escaped and nothing else.
void append_json_string(std::string& out, std::string_view text);

}  // namespace socketio
