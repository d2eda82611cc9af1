// Values for the fields of a RealtimeApp of which the schema's types say too little: odd and extreme ones that the
// CRD's rules take, and some that they refuse. Safe on any thread.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/support/dice.hpp"

namespace support {

/// A value of the field at this path below `spec`, as `app.env[].name`; `{}` is a value of a map, `{key}` one of its
/// keys. `legal`: the CRD takes it, unless another field speaks against it. Nothing if none are listed for the field.
std::optional<nlohmann::json> listed_value(const std::string& path, bool legal, Dice& dice);

/// How the texts of a list or map that is tried at its limit are.
struct TextStyle {
  bool longest = false;
  std::size_t alphabet = 0;  ///< counts if `longest`
};
TextStyle longest_style(Dice& dice);

/// Any text of so many characters, which need not be ASCII.
std::string random_text(std::int64_t least, std::int64_t most, const TextStyle& style, Dice& dice);

/// An argument of an action: any JSON. Its texts that begin with $ are variables of the server, which only the
/// operator's codec can check, so there are no unknown ones.
nlohmann::json random_argument(bool in_event, Dice& dice, int depth = 0);

}  // namespace support
