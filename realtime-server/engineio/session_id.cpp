#include "realtime-server/engineio/session_id.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <stdexcept>

#include <sys/random.h>

namespace engineio {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kRandomBytes = 12;

constexpr std::array<bool, 256> kIsKnown = [] {
  std::array<bool, 256> known{};
  for (const char c : kAlphabet) known.at(static_cast<unsigned char>(c)) = true;
  return known;
}();

/// Three bytes as four characters.
void put(char* at, unsigned a, unsigned b, unsigned c) {
  const unsigned bits = a << 16U | b << 8U | c;
  for (unsigned i = 0; i < 4; ++i) at[i] = kAlphabet[bits >> (18U - 6U * i) & 63U];
}

/// A signal may end a call early, with some of the bytes or none.
void fill(std::span<unsigned char> random) {
  while (!random.empty()) {
    const auto count = getrandom(random.data(), random.size(), 0);
    if (count < 0 && errno != EINTR) throw std::runtime_error{"the system provides no random bytes"};
    if (count > 0) random = random.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace

std::optional<SessionId> SessionId::parse(std::string_view text) {
  const auto known = [](char c) { return kIsKnown.at(static_cast<unsigned char>(c)); };
  if (text.size() != kLength || !std::all_of(text.begin(), text.end(), known)) return std::nullopt;
  SessionId id;
  std::copy(text.begin(), text.end(), id.text_.begin());
  return id;
}

SessionId SessionIds::next() {
  if (used_ == random_.size()) {
    fill(random_);
    used_ = 0;
  }
  SessionId id;
  put(id.text_.data(), owner_.replica >> 8U, owner_.replica & 0xffU, owner_.shard);
  for (std::size_t i = 0; i < kRandomBytes; i += 3) {
    const auto* bytes = random_.data() + used_ + i;
    put(id.text_.data() + 4 + i / 3 * 4, bytes[0], bytes[1], bytes[2]);
  }
  std::fill_n(random_.begin() + static_cast<std::ptrdiff_t>(used_), kRandomBytes, 0);
  used_ += kRandomBytes;
  return id;
}

std::uint16_t replica_number(std::string_view name) {
  std::uint32_t hash = 2'166'136'261U;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  return static_cast<std::uint16_t>(hash ^ hash >> 16U);
}

std::array<char, 4> owner_text(const SessionId& id) {
  std::array<char, 4> text{};
  std::copy_n(id.text().begin(), text.size(), text.begin());
  return text;
}

}  // namespace engineio
