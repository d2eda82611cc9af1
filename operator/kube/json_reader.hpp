// Reads JSON that the API server sends. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "operator/kube/json_view.hpp"
#include "operator/kube/object.hpp"

namespace kube {

/// Deeper is not read; what Kubernetes has is a tenth of it.
inline constexpr std::size_t kMaxJsonDepth = 256;

/// Calls `read` with the value of a JSON text (RFC 8259), which is valid for that call only. False, and no call, if the
/// text is none, is no valid UTF-8 or is too deep, or if a number in it has no double. Makes no values, but for the few
/// texts that are larger than 256 KiB or have numbers beyond 64 bits.
bool read_json(std::string_view text, const std::function<void(JsonView)>& read);

/// The value of such a text, in memory of its own, or nothing. Of the members of an object with the same name, the last
/// one counts.
std::optional<Object> read_json(std::string_view text);

}  // namespace kube
