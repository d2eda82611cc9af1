// Any JSON where a RealtimeApp is due: it is read or each wrong field is named, and its status says the same after a
// round trip.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "tests/fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto object = kube::Object::parse({reinterpret_cast<const char*>(data), size});
  if (!object) return 0;
  const auto decoded = api::decode(*object);
  if (decoded.problem.empty()) {
    FUZZ_CHECK(decoded.app.spec.replicas >= 0);
    FUZZ_CHECK(decoded.app.spec.exposure.type == api::ExposureType::kNone || !decoded.app.spec.exposure.paths.empty());
  }
  const auto once = api::decode(api::encode_status(decoded.app, decoded.app.status)).app.status;
  const auto twice = api::decode(api::encode_status(decoded.app, once)).app.status;
  FUZZ_CHECK(once == twice);
  return 0;
}
