// The configuration's reader, fed with anything: it answers or refuses, within its bounds. What it accepts is filled
// once with arguments, and has to give JSON.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "realtime-server/server/config.hpp"
#include "tests/support/payloads.hpp"

namespace {

void fill(const std::vector<server::Action>& actions) {
  static constexpr std::array<std::string_view, 2> kArguments{"\"one\"", "[2]"};
  for (const auto& action : actions) {
    for (std::size_t count = 0; count <= kArguments.size(); ++count) {
      const auto payload = support::payload_of(action, std::span{kArguments}.first(count));
      if (!nlohmann::json::accept(payload)) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = server::read_config({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
  if (!config) {
    if (config.error().message.empty() || config.error().kind != core::ErrorKind::kInvalidInput) std::abort();
    return 0;
  }
  if (config->namespaces.empty()) std::abort();
  for (const auto& [name, rules] : config->namespaces) {
    fill(rules.on_connect);
    for (const auto& [event, actions] : rules.events) fill(actions);
  }
  return 0;
}
