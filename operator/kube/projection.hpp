// The projection of an object: what is compared of it to notice drift. The API server records per field who set it
// (metadata.managedFields), so the same function serves every kind, skips what defaulting and other managers added, and
// notices a field that others removed or took over. Pure; a projection refers to its object, which outlives it.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "core/digest.hpp"
#include "operator/kube/object.hpp"

namespace kube {

/// Of the canonical form of a projection; good for this process only.
using ProjectionDigest = core::Fingerprint;

class Projection {
 public:
  /// The part of `live` that `manager` owns by server-side apply, without its identity (apiVersion, kind, name,
  /// namespace) and status. Nothing if the manager applied nothing.
  static Projection owned(const ObjectView& live, std::string_view manager);
  /// The part of a desired object that `owned` gives once it has been applied unchanged.
  static Projection desired(const ObjectView& desired);

  /// What is below `path`; nothing if it is not there or not owned.
  Projection at(std::initializer_list<std::string_view> path) const;
  bool is_nothing() const { return value_.is_nothing(); }
  /// The text that this is, or an empty one.
  std::string text() const { return std::string{value_.text()}; }
  /// The members that are owned, and are texts.
  std::map<std::string, std::string> texts() const;

  /// A form in which equal meaning is equal text: keys and keyed lists are sorted, but for lists whose order means
  /// something (env, containers, initContainers); quantities stand as their value ("1000m" is "1"). The annotation
  /// `except` is left out, and annotations if there is no other.
  std::string canonical(std::string_view except = {}) const;
  /// The digest of that form.
  ProjectionDigest digest(std::string_view except = {}) const { return core::fingerprint(canonical(except)); }

  struct Digests {
    ProjectionDigest whole{};
    ProjectionDigest pod_template{};  ///< zero if it has none
  };
  /// Of a whole object, which is walked once for both; that of the pod template without its annotation `apart`. Not to
  /// be compared with what digest() gives.
  Digests digests(std::string_view apart) const;

 private:
  Projection(JsonView value, JsonView fields, bool is_whole_object)
      : value_{value}, fields_{fields}, is_whole_object_{is_whole_object} {}

  JsonView value_;
  JsonView fields_;       // FieldsV1; nothing: all
  bool is_whole_object_;  // with an identity that does not count
};

}  // namespace kube
