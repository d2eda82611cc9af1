// What the process has allocated with `new`, for tests that hold memory to a bound; with sanitizers as without.
#pragma once

#include <cstddef>

namespace heap {

/// Bytes that are allocated at the moment, by all threads.
std::size_t in_use();

}  // namespace heap
