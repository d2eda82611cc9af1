// Known termination messages of containers: phrases that common programs print, and what each means. Only these
// sentences enter a status, never the messages themselves, which may hold secrets. Constants; pure.
#pragma once

#include <span>
#include <string_view>

namespace controllers {

struct KnownMessage {
  std::string_view phrase;   ///< as the program writes it
  std::string_view meaning;  ///< what to do, as the end of a sentence
};

/// All that are known, the more telling first.
std::span<const KnownMessage> known_termination_messages();

/// What a termination message (or the end of the log that stands in for it) means; empty if nothing in it is known.
std::string_view meaning_of_termination_message(std::string_view words);

/// The same for the kubelet's words about an image that it cannot pull.
std::string_view meaning_of_pull_error(std::string_view words);

}  // namespace controllers
