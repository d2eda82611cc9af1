// Whether the server's JSON walk accepts a text. Reads texts from standard input, each after its length as four bytes,
// least significant first; writes a byte for each: '1' accepted, '0' refused, '?' if the two ways through it disagree.
#include <array>
#include <cstdint>
#include <iostream>
#include <string>

#include "tests/support/json_walk.hpp"

namespace {

bool read_text(std::istream& in, std::string& text) {
  std::array<char, 4> head{};
  if (!in.read(head.data(), head.size())) return false;
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < head.size(); ++i) length |= std::uint32_t{static_cast<unsigned char>(head[i])} << (8 * i);
  text.resize(length);
  return static_cast<bool>(in.read(text.data(), length));
}

char verdict(const std::string& text) {
  const auto walked = json_walk::walked(text);
  const auto entered = json_walk::entered(text);
  if (walked.error() != entered.error() || walked.offset() != entered.offset()) return '?';
  return walked.failed() ? '0' : '1';
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::string text;
  while (read_text(std::cin, text)) std::cout.put(verdict(text));
  return std::cout.flush() ? 0 : 1;
}
