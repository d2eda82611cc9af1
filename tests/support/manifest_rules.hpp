// What the CRD's rules ask of several fields of a specification together. Safe on any thread.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/support/dice.hpp"

namespace support {

/// Changes a specification whose fields are legal each by itself so that it obeys the rules that connect them.
void obey_rules(nlohmann::json& spec, Dice& dice);

/// Gives `after` the Redis volume of `before`, which no update may change.
void keep_volume(const nlohmann::json& before, nlohmann::json& after);

/// Takes out of a list what a `x-kubernetes-list-type` of this schema forbids to be there twice.
void drop_duplicates(const nlohmann::json& schema, nlohmann::json& list);

}  // namespace support
