#include "tests/support/heap.hpp"

#if !defined(__has_feature)  // g++ has none and defines a macro instead
#define __has_feature(name) 0
#endif

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)

// <sanitizer/allocator_interface.h> has it, which only clang++ installs.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();

std::size_t heap::in_use() { return __sanitizer_get_current_allocated_bytes(); }

#else

#include <atomic>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace {

std::atomic<std::size_t> bytes_in_use = 0;

}  // namespace

std::size_t heap::in_use() { return bytes_in_use; }

// The figures of malloc itself count what it keeps for the next allocation.
void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc{};
  bytes_in_use += malloc_usable_size(memory);
  return memory;
}

void operator delete(void* memory) noexcept {
  bytes_in_use -= malloc_usable_size(memory);
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

#endif
