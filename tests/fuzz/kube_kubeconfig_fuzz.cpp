// Anything where a kubeconfig is due: it is read, or refused with a message; never more than one of a file and its
// inline data.
#include <cstddef>
#include <cstdint>
#include <string>

#include "operator/kube/config.hpp"
#include "tests/fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto config = kube::parse_kubeconfig(text, "/nowhere");
  if (!config) {
    FUZZ_CHECK(!config.error().message.empty());
    return 0;
  }
  FUZZ_CHECK(!config->server.empty());
  FUZZ_CHECK(config->certificate.empty() == config->key.empty());
  return 0;
}
