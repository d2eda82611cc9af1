#include "realtime-server/redis/command.hpp"

#include <array>
#include <charconv>

namespace redis {
namespace {

constexpr std::size_t kCommandHeaderBytes = 23;  // a type, 20 digits, CR, LF

void append_header(std::string& out, char type, std::size_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out += type;
  out.append(digits.data(), end);
  out += "\r\n";
}

}  // namespace

void append_command(std::string& out, std::initializer_list<std::string_view> arguments) {
  append_header(out, '*', arguments.size());
  for (const auto argument : arguments) {
    append_header(out, '$', argument.size());
    out += argument;
    out += "\r\n";
  }
}

std::size_t command_size(std::initializer_list<std::string_view> arguments) {
  std::size_t size = kCommandHeaderBytes;
  for (const auto argument : arguments) size += kCommandHeaderBytes + argument.size() + 2;
  return size;
}

}  // namespace redis
