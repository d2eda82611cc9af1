// Any JSON where an object is due that the operator watches: every reduction of it ends, and says the same of the text
// and of values made of it.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "operator/api/v1alpha1/realtime_app.hpp"
#include "operator/controllers/realtimeapp/observe/observed.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/kube/json_reader.hpp"
#include "operator/runtime/lease.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using nlohmann::json;

/// Whether an object in the text has two members with the same name: any one of them counts.
bool has_twins(std::string_view text) {
  bool found = false;
  std::vector<std::set<std::string>> open;
  const auto note = [&](int /*depth*/, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key) found |= !open.back().insert(parsed.get<std::string>()).second;
    return true;
  };
  (void)json::parse(text, note, false);
  return found;
}

/// Checks that a reduction says the same of what a watch brings, of which no values are made, and of an object.
template <class Reduce>
void check_reduction(std::string_view text, const kube::Object& object, Reduce reduce) {
  FUZZ_CHECK(kube::read_json(
      text, [&](kube::JsonView live) { FUZZ_CHECK(reduce(kube::ObjectView{live}) == reduce(object)); }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto object = kube::Object::parse(text);
  if (!object || has_twins(text)) return 0;
  check_reduction(text, *object, controllers::reduce_child);
  check_reduction(text, *object, controllers::reduce_ingress_class);
  check_reduction(text, *object, controllers::reduce_replica_set);
  check_reduction(text, *object, controllers::reduce_endpoint_slice);
  check_reduction(text, *object, controllers::diagnose_pod);
  check_reduction(text, *object, api::decode);
  (void)controllers::read_redis_credentials(*object);
  (void)runtime::LeaseRecord::of(*object);
  const auto diagnosis = controllers::diagnose_pod(*object);
  FUZZ_CHECK(!diagnosis ||
             (!diagnosis->reason.empty() && diagnosis->message.size() < 4096 + object->name().size() * 4));
  return 0;
}
