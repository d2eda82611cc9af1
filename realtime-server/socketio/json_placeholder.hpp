// Which objects stand for an attachment of a binary packet (socket.io-protocol v5, "Binary event"). For the walk of
// json_cursor.cpp alone; pure, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace socketio {

/// Where the placeholder ends whose `{` is at p, with its number in `num`; nothing if no placeholder is there. Reads no
/// further than the object's first two members.
const char* match_placeholder(const char* p, const char* end, std::uint32_t& num);

/// Whether a valid raw key, with quotes, means `_placeholder`, be it written with escapes.
bool means_placeholder(std::string_view key);

}  // namespace socketio
