// Who set which field of an object: metadata.managedFields, and what follows from it. Pure; safe on any thread.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operator/kube/object.hpp"

namespace kube {

/// FieldsV1 of what `manager` set by server-side apply, its status apart; nothing if it applied nothing.
JsonView applied_fields(const ObjectView& live, std::string_view manager);

/// Whether the whole of what these fields name is owned: FieldsV1 without members names a leaf or an atomic value, and
/// where there are no fields, nothing is left out.
inline bool owns_all(JsonView fields) { return !fields.has_members(); }

/// Whether a list element has every key value of `key`, by which FieldsV1 names an element ("k:" and the key).
bool matches_key(JsonView element, const Json& key);

/// Whether `live` has everything that `wanted` has: members of objects, and for each element of a list one that has it.
bool includes(const Json& live, const Json& wanted);

/// The manager other than `manager` that changed the object last, its status apart, by the times in managedFields;
/// empty if there is none.
std::string last_other_manager(const ObjectView& live, std::string_view manager);

/// Whether `manager` owns, by updates, a field below this path of FieldsV1 ("f:spec", "f:template") other than those
/// named `except` ("f:…").
bool owns_part(const ObjectView& live, std::string_view manager, std::initializer_list<std::string_view> path,
               std::string_view except);

/// Where a field stands in FieldsV1, from its root: members ("f:spec"), elements of lists (`k:{"name":"app"}`), and
/// last maybe ".", the value itself.
using FieldPath = std::vector<std::string>;

/// What `manager` owns, by updates, below `path`, except fields named `except` ("f:…") and the "." of the map that
/// has them.
std::vector<FieldPath> updated_fields(const ObjectView& live, std::string_view manager, const FieldPath& path,
                                      std::string_view except);

/// What other managers than `manager` own below `path`, by updates or applies, their status apart.
std::vector<FieldPath> fields_of_others(const ObjectView& live, std::string_view manager, const FieldPath& path);

/// Whether this value has what the path leads to.
bool has_at(JsonView value, std::span<const std::string> path);

/// What `manager` applied and others own by updates too: it would stay after an apply that leaves it out.
std::vector<FieldPath> shared_fields(const ObjectView& live, std::string_view manager);

/// Whose fields are meant: those that `manager` set by updates, or any manager if it is empty; and, if `applies`, also
/// by server-side apply.
struct FieldOwners {
  std::string_view manager{};
  bool applies = false;
};

/// A JSON patch (RFC 6902) that gives these fields to `to`, as if it had applied them: its next apply removes those
/// that it does not set in the same write that sets the others. They are taken from `from`. What those have in an
/// element of a list that is neither theirs nor `to`'s is taken from them and given to nobody: without it the element
/// could be incomplete. The patch changes managedFields only; it is a conflict if the object has changed meanwhile.
boost::json::array transfer_of_fields(const Object& live, const std::vector<FieldPath>& fields, const FieldOwners& from,
                                      std::string_view to);

}  // namespace kube
