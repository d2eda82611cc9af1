// Pickles as from the queue of older Python processes: what becomes of one is JSON within the limit.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "realtime-server/adapter/pickle.hpp"
#include "realtime-server/socketio/json_cursor.hpp"
#include "tests/fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 100'000;
  const auto json = adapter::json_of_pickle({reinterpret_cast<const char*>(data), size}, kMost);
  if (!json) return 0;
  FUZZ_CHECK(json->size() <= kMost);
  socketio::JsonCursor cursor{*json, nullptr, socketio::JsonCursor::kMaxMessageDepth};
  FUZZ_CHECK(cursor.enter_object());
  while (cursor.next_member())
    if (!cursor.value()) break;
  FUZZ_CHECK(!cursor.failed() && cursor.finish());
  return 0;
}
