// The projection of an object: the fields that one field manager set, normalised, as a digest. The API server records
// per field who set it (metadata.managedFields), so the same function serves every kind, skips what defaulting and
// other managers added, and notices a field that somebody removed or took over. Pure; safe on any thread.
#pragma once

#include <string>
#include <string_view>

#include "operator/kube/object.hpp"

namespace kube {

/// The part of `live` that `manager` owns by server-side apply. Identity (apiVersion, kind, name, namespace) is left
/// out. An empty object if the manager applied nothing.
nlohmann::json owned_fields(const Object& live, std::string_view manager);

/// The part of a desired object that `owned_fields` gives once it has been applied unchanged.
nlohmann::json desired_fields(const Object& desired);

/// Digest of a projection in a form in which equal meaning is equal text: keys and keyed lists are sorted, quantities
/// are compared by value ("1000m" is "1").
std::string projection_digest(nlohmann::json fields);

}  // namespace kube
