// Anything where a plugin's ExecCredential is due: it is read, or refused with a message; never a certificate without
// its key.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "operator/kube/exec_plugin.hpp"
#include "tests/fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto credential = kube::parse_exec_credential(text, "client.authentication.k8s.io/v1");
  if (!credential) {
    FUZZ_CHECK(!credential.error().message.empty());
    return 0;
  }
  FUZZ_CHECK(!credential->token.empty() || !credential->certificate.empty());
  FUZZ_CHECK(credential->certificate.empty() == credential->key.empty());
  return 0;
}
