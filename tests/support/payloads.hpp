// The payload of a rule's action, filled in, for tests of the rules themselves. Attachments are not renumbered.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "realtime-server/server/rules.hpp"

namespace support {

/// A JSON array: the event and the values, or the values alone for an acknowledgement. An empty `auth` means {}.
inline std::string payload_of(const server::Action& action, std::span<const std::string_view> args,
                              std::string_view auth = {}) {
  struct Appender {
    std::string values;
    std::span<const std::string_view> args;
    std::string_view auth_json;

    void text(std::string_view json) { values += json; }
    void argument(std::size_t index) { values += args[index]; }
    void auth() { values += auth_json; }
  };
  Appender appender{{}, args, auth.empty() ? std::string_view{"{}"} : auth};
  action.args.visit(args.size(), appender);
  const bool has_both = !action.event.empty() && !appender.values.empty();
  return "[" + action.event + (has_both ? "," : "") + appender.values + "]";
}

}  // namespace support
