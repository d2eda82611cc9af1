// Commands as Redis reads them (RESP: an array of bulk strings). Pure; safe on any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace redis {

/// Appends a command to `out`, the only copy made of an outgoing payload. hiredis would format each command into a
/// separate block, which needs another copy to be sent with others in one write.
void append_command(std::string& out, std::initializer_list<std::string_view> arguments);

/// An upper bound of the bytes that `append_command` appends.
std::size_t command_size(std::initializer_list<std::string_view> arguments);

}  // namespace redis
