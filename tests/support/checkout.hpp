// Where the running test belongs. Found at run time, so that no path of one checkout is compiled in.
#pragma once

#include <filesystem>

namespace support {

/// The folder of the test's own program, build/PRESET/bin.
inline std::filesystem::path program_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

/// The root of the checkout.
inline std::filesystem::path project_root() { return program_folder() / "../../.."; }

}  // namespace support
