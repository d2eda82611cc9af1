// Chance that can be repeated: the same seed and number give the same throws. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <iterator>
#include <random>

namespace support {

class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t number) {
    const auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value & 0xffffffffU); };
    std::seed_seq sequence{low(seed), low(seed >> 32U), low(number), low(number >> 32U)};
    engine_.seed(sequence);
  }

  std::int64_t between(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>{least, most}(engine_);
  }
  bool once_in(int throws) { return between(1, throws) == 1; }
  template <class Choices>
  const auto& one_of(const Choices& choices) {
    return choices[static_cast<std::size_t>(between(0, std::ssize(choices) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace support
