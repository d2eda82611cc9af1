// Compiles the `namespaces` of a configuration into rules. Used by the configuration's reader at start-up; pure.
#pragma once

#include "realtime-server/server/config_reader.hpp"
#include "realtime-server/server/rules.hpp"

namespace server {

/// The rules of a mapping from namespace to `{onConnect, events}`; errors are added to the value's errors.
Rules read_rules(const ConfigValue& namespaces);

}  // namespace server
