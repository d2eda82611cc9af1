// Recognizes objects that represent an attachment of a binary packet (socket.io-protocol v5, "Binary event"). Only for
// json_cursor.cpp; pure, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace socketio {

/// The end of the placeholder whose `{` is at p, with its number in `num`; nothing if the object is not a placeholder.
/// Reads only the object's first two members.
const char* match_placeholder(const char* p, const char* end, std::uint32_t& num);

/// Whether a valid raw key, with quotes, means `_placeholder`, with or without escapes.
bool means_placeholder(std::string_view key);

}  // namespace socketio
