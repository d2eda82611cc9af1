// Commands as Redis reads them (RESP: an array of bulk strings). Pure; safe on any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace redis {

/// Appends a command to `out`: this is the one copy that a payload gets on its way out. hiredis formats into a block of
/// its own for each command, which would have to be copied once more to leave with the others in one write.
void append_command(std::string& out, std::initializer_list<std::string_view> words);

/// The bytes that `append_command` appends, or some more.
std::size_t command_size(std::initializer_list<std::string_view> words);

}  // namespace redis
