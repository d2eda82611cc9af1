// Any JSON where an object is due that the operator watches: every reduction of it ends, and says the same twice, and
// without what the watch of its kind leaves out.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/kube/json_reader.hpp"
#include "operator/runtime/lease.hpp"
#include "tests/fuzz/check.hpp"

namespace {

/// What a watch hands to the reduction of a kind; nothing for what is too deep inside an event.
std::optional<kube::Object> from_watch(std::string_view text, kube::LeftOut left_out) {
  auto event = kube::read_event(R"({"object": )" + std::string{text} + "}", {}, left_out);
  if (!event) return std::nullopt;
  return kube::Object{event->event.memory(), std::move(event->event.json().at("object"))};
}

template <class Reduce>
void check_without(std::string_view text, kube::LeftOut left_out, const kube::Object& whole, Reduce reduce) {
  if (const auto part = from_watch(text, left_out)) FUZZ_CHECK(reduce(*part) == reduce(whole));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto object = kube::Object::parse(text);
  if (!object) return 0;
  FUZZ_CHECK(controllers::reduce_child(*object) == controllers::reduce_child(*object));
  (void)controllers::reduce_ingress_class(*object);
  check_without(text, controllers::kUnreadOfReplicaSets, *object, controllers::reduce_replica_set);
  check_without(text, controllers::kUnreadOfEndpointSlices, *object, controllers::reduce_endpoint_slice);
  check_without(text, controllers::kUnreadOfPods, *object, controllers::diagnose_pod);
  check_without(text, api::kUnreadOfApps, *object, api::decode);
  (void)controllers::read_redis_credentials(*object);
  (void)runtime::LeaseRecord::of(*object);
  const auto diagnosis = controllers::diagnose_pod(*object);
  FUZZ_CHECK(!diagnosis ||
             (!diagnosis->reason.empty() && diagnosis->message.size() < 4096 + object->name().size() * 4));
  return 0;
}
