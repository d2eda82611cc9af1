// Anything that a replica's admin port may answer: a count of connections is found in it, or none; never a negative
// one.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "operator/controllers/realtimeapp/observe/connection_counter.hpp"
#include "tests/fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto open = controllers::open_connections({reinterpret_cast<const char*>(data), size});
  FUZZ_CHECK(!open || *open >= 0);
  return 0;
}
