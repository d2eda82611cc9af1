// Manifests of RealtimeApps, made at random from the schema of the CRD. A field that is added there is in them; one
// with a pattern or rules needs values in random_values.cpp. Safe on any thread once constructed.
#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

namespace support {

enum class Temper {
  kTame,  ///< legal by the CRD's schema and rules
  kWild,  ///< with some values that are refused, and often without regard for rules that connect fields
};

class RandomManifests {
 public:
  /// From the CRD of this checkout.
  explicit RandomManifests(std::uint64_t seed);

  std::uint64_t seed() const { return seed_; }

  /// The manifest of this number, without a namespace; the same for the same seed.
  nlohmann::json manifest(int number, Temper temper) const;
  /// A tame specification to which this one may be changed: some of its fields are, some are gone, others are new. Most
  /// keep what no update may change.
  nlohmann::json successor(const nlohmann::json& spec, int number) const;

 private:
  std::uint64_t seed_;
  nlohmann::json schema_;  // of spec
};

}  // namespace support
