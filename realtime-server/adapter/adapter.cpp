#include "realtime-server/adapter/adapter.hpp"

#include <array>

namespace adapter {

std::string_view name_of(State state) {
  constexpr std::array<std::string_view, 5> kNames{"local", "connecting", "connected", "not_receiving", "disconnected"};
  return kNames.at(static_cast<std::size_t>(state));
}

}  // namespace adapter
