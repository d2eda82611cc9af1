// The projection of an object: the fields that one field manager set, normalised, as a digest. The API server records
// per field who set it (metadata.managedFields), so the same function serves every kind, skips what defaulting and
// other managers added, and notices a field that somebody removed or took over. Pure; safe on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "operator/kube/object.hpp"

namespace kube {

/// Digest of a projection: 128 bits.
using ProjectionDigest = std::array<std::uint64_t, 2>;

/// The part of `live` that `manager` owns by server-side apply. Identity (apiVersion, kind, name, namespace) is left
/// out. An empty object if the manager applied nothing.
nlohmann::json owned_fields(const Object& live, std::string_view manager);

/// The part of a desired object that `owned_fields` gives once it has been applied unchanged.
nlohmann::json desired_fields(const Object& desired);

/// Digest of a projection in a form in which equal meaning is equal text: keys and keyed lists are sorted, but for
/// lists whose order means something (env, containers, initContainers); quantities are compared by value ("1000m" is
/// "1").
ProjectionDigest projection_digest(nlohmann::json fields);

/// Whether `live` has everything that `wanted` has: members of objects, and for each element of a list one that has it.
bool includes(const nlohmann::json& live, const nlohmann::json& wanted);

/// The manager beside `manager` that changed the object last, its status apart, by the times in managedFields; empty if
/// there is none.
std::string last_other_manager(const Object& live, std::string_view manager);

/// Whether `manager` owns, by updates, a field below this path of FieldsV1 ("f:spec", "f:template") other than those
/// named `except`.
bool owns_part(const Object& live, std::string_view manager, std::initializer_list<const char*> path,
               std::string_view except);

/// A JSON patch (RFC 6902) that removes what `manager` owns, by updates, below `path` ("spec", "template") of `live`
/// and `desired` lacks, except fields named `except`, and its record of ownership; it does nothing if the object has
/// changed meanwhile. Empty if it owns nothing.
nlohmann::json removal_of_owned(const Object& live, const Object& desired, std::string_view manager,
                                const std::vector<std::string>& path, std::string_view except);

}  // namespace kube
