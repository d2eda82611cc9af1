// Converts the messages of python-socketio before 5.14, which are pickles, to the JSON of later versions. Knows the
// opcodes of plain data only (PEP 307, PEP 3154, PEP 574): nothing in a pickle can name a class or call anything.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace adapter {

/// Whether a message begins as pickles of protocol 2 and later do. No JSON text does.
bool is_pickle(std::string_view message);

/// The same message as JSON, with binary data as 5.15 sends it: placeholders, and the bytes in Base64. Nothing if it is
/// no pickle of a dict of plain data, or if the JSON would exceed `most` bytes: a pickle of a few hundred bytes can
/// refer to its own parts until they fill any memory.
std::optional<std::string> json_of_pickle(std::string_view pickle, std::size_t most);

}  // namespace adapter
