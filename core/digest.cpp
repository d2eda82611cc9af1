#include "core/digest.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <sys/random.h>

namespace core {
namespace {

constexpr std::size_t kDigestBytes = 16;

std::string to_hex(const unsigned char* bytes, std::size_t count) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(count * 2);
  for (std::size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0x0fU];
  }
  return text;
}

/// The system returns up to 256 bytes at once (random(7)); callers request no more.
void fill_randomly(unsigned char* to, std::size_t bytes) {
  if (bytes > 256 || getrandom(to, bytes, 0) != static_cast<ssize_t>(bytes))
    throw std::runtime_error("the system's random source failed");
}

const std::uint8_t* raw(std::string_view bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }
std::uint8_t* raw(std::string& bytes) { return reinterpret_cast<std::uint8_t*>(bytes.data()); }

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string sum(SHA256_DIGEST_SIZE, '\0');
  sha256_ctx context{};
  sha256_init(&context);
  sha256_update(&context, bytes.size(), raw(bytes));
  sha256_digest(&context, sum.size(), raw(sum));
  return sum;
}

std::string digest(std::string_view bytes) {
  const auto head = fingerprint(bytes);
  return to_hex(reinterpret_cast<const unsigned char*>(head.data()), sizeof head);
}

std::string keyed_digest(std::string_view key, std::string_view bytes) {
  std::string sum(SHA256_DIGEST_SIZE, '\0');
  hmac_sha256_ctx context{};
  hmac_sha256_set_key(&context, key.size(), raw(key));
  hmac_sha256_update(&context, bytes.size(), raw(bytes));
  hmac_sha256_digest(&context, sum.size(), raw(sum));
  return to_hex(reinterpret_cast<const unsigned char*>(sum.data()), kDigestBytes);
}

Fingerprint fingerprint(std::string_view text) {
  Fingerprint found{};
  sha256_ctx context{};
  sha256_init(&context);
  sha256_update(&context, text.size(), raw(text));
  sha256_digest(&context, sizeof found, reinterpret_cast<std::uint8_t*>(found.data()));
  return found;
}

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> buffer(bytes);
  fill_randomly(buffer.data(), bytes);
  return to_hex(buffer.data(), buffer.size());
}

std::string sha1(std::string_view bytes) {
  std::string sum(SHA1_DIGEST_SIZE, '\0');
  sha1_ctx context{};
  sha1_init(&context);
  sha1_update(&context, bytes.size(), raw(bytes));
  sha1_digest(&context, sum.size(), raw(sum));
  return sum;
}

std::string base64_encode(std::string_view bytes) {
  std::string text(BASE64_ENCODE_RAW_LENGTH(bytes.size()), '\0');
  base64_encode_raw(text.data(), bytes.size(), raw(bytes));
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (std::count(text.begin(), text.end(), '=') > 2) return std::nullopt;  // Nettle accepts three
  base64_decode_ctx context{};
  base64_decode_init(&context);
  std::string bytes(BASE64_DECODE_LENGTH(text.size()), '\0');
  std::size_t length = 0;
  if (base64_decode_update(&context, &length, raw(bytes), text.size(), text.data()) == 0) return std::nullopt;
  if (base64_decode_final(&context) == 0) return std::nullopt;
  bytes.resize(length);
  return bytes;
}

}  // namespace core
