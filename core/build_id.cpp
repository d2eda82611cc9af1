#include "core/build_id.hpp"

#include <cstddef>
#include <string_view>

#include <elf.h>
#include <link.h>

namespace core {
namespace {

using namespace std::string_view_literals;

/// The build ID among the notes of a segment, each of which is a head, a name and a description, padded to four bytes.
std::string build_id_in(std::string_view notes) {
  static constexpr std::string_view kOwner = "GNU\0"sv;
  const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    const auto& head = *reinterpret_cast<const ElfW(Nhdr)*>(notes.data());
    const auto name = sizeof head;
    const auto description = name + padded(head.n_namesz);
    const auto end = description + padded(head.n_descsz);
    if (end > notes.size()) break;
    if (head.n_type == NT_GNU_BUILD_ID && notes.substr(name, head.n_namesz) == kOwner)
      return std::string{notes.substr(description, head.n_descsz)};
    notes.remove_prefix(end);
  }
  return {};
}

}  // namespace

std::string build_id() {
  std::string found;
  const auto look = [](dl_phdr_info* info, std::size_t /*size*/, void* to) {
    auto& id = *static_cast<std::string*>(to);
    for (std::size_t i = 0; i < info->dlpi_phnum && id.empty(); ++i) {
      const auto& segment = info->dlpi_phdr[i];
      if (segment.p_type != PT_NOTE) continue;
      // NOLINTNEXTLINE(performance-no-int-to-ptr): that is where the segment is
      const auto* notes = reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr);
      id = build_id_in({notes, segment.p_memsz});
    }
    return 1;  // the program itself comes first: no library is looked at
  };
  dl_iterate_phdr(look, &found);
  return found;
}

}  // namespace core
