// Reads JSON that the API server sends. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "operator/kube/json_view.hpp"
#include "operator/kube/object.hpp"

namespace kube {

/// Of a value that is nested more deeply, null is read. What Kubernetes has is a tenth of it, but where the schema of
/// an object leaves a field open, the API server takes 10,000 levels, and no object may keep others from being read.
inline constexpr std::size_t kMaxJsonDepth = 256;

/// Calls `read` with the value of a JSON text (RFC 8259), which is valid for that call only. False, and no call, if the
/// text is none or is no valid UTF-8, or if a number in it has no double. Makes no values, but for the few texts that
/// are larger than 256 KiB, are nested deeply or have numbers beyond 64 bits.
bool read_json(std::string_view text, const std::function<void(JsonView)>& read);

/// The value of such a text, in memory of its own, or nothing. Of the members of an object with the same name, the last
/// one counts.
std::optional<Object> read_json(std::string_view text);

}  // namespace kube
