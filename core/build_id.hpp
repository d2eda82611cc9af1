// Which build of the program this is. Pure; safe on any thread.
#pragma once

#include <string>

namespace core {

/// The build ID that the linker gave this program, as bytes (ELF note NT_GNU_BUILD_ID; see `ld --build-id`). Two builds
/// with the same one are the same. Empty if it has none.
std::string build_id();

}  // namespace core
