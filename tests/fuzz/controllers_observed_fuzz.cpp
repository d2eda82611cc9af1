// Any JSON where an object is due that the operator watches: every reduction of it ends, and says the same twice.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/runtime/lease.hpp"
#include "tests/fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto object = kube::Object::parse({reinterpret_cast<const char*>(data), size});
  if (!object) return 0;
  FUZZ_CHECK(controllers::reduce_child(*object) == controllers::reduce_child(*object));
  (void)controllers::reduce_ingress_class(*object);
  (void)controllers::reduce_replica_set(*object);
  (void)controllers::reduce_endpoint_slice(*object);
  (void)controllers::read_redis_credentials(*object);
  (void)runtime::LeaseRecord::of(*object);
  const auto diagnosis = controllers::diagnose_pod(*object);
  FUZZ_CHECK(!diagnosis ||
             (!diagnosis->reason.empty() && diagnosis->message.size() < 4096 + object->name().size() * 4));
  return 0;
}
