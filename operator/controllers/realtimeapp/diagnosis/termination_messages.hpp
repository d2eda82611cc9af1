// Known termination messages of containers: phrases that common programs print, and what each means. Only these
// sentences enter a status, never the messages themselves, which may hold secrets. Constants; pure.
#pragma once

#include <string_view>

namespace controllers {

/// What a termination message (or the end of the log that stands in for it) means; empty if nothing in it is known.
std::string_view meaning_of_termination_message(std::string_view words);

/// The same for the kubelet's words about an image that it cannot pull.
std::string_view meaning_of_pull_error(std::string_view words);

}  // namespace controllers
