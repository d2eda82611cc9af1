// The environment of the process. Read at start-up only, because nothing here locks against setenv.
#pragma once

#include <optional>
#include <string>

namespace core {

/// The value of an environment variable, or nothing if it is not set.
std::optional<std::string> env(const char* name);

}  // namespace core
