// A folder for the files of a test, which goes with it.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/digest.hpp"

namespace support {

class Folder {
 public:
  Folder() { std::filesystem::create_directories(path_); }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Gives the file's path.
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream{path_ / name} << text;
    return path_ / name;
  }
  /// Empty when there is no such file.
  std::string read(const std::string& name) const {
    std::ifstream file{path_ / name};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  void remove(const std::string& name) const { std::filesystem::remove(path_ / name); }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() / ("realtime-test-" + core::random_hex(6));
};

}  // namespace support
