// A file descriptor that is closed by its destructor. A value that moves; any thread.
#pragma once

#include <utility>

namespace loop {

class Descriptor {
 public:
  Descriptor() = default;
  /// Takes over `fd`; less than 0: none.
  explicit Descriptor(int fd) : fd_{fd} {}
  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

}  // namespace loop
