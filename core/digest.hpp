// Content digests, fingerprints, Base64 and random secrets, from Nettle. Pure except for the random source;
// safe on any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace core {

/// The first 128 bits of SHA-256 as 32 lower-case hexadecimal digits.
std::string digest(std::string_view bytes);

/// HMAC-SHA-256 (RFC 2104) in its first 128 bits, as 32 lower-case hexadecimal digits.
std::string keyed_digest(std::string_view key, std::string_view bytes);

/// The 20 bytes of SHA-1, for protocols that require it; it provides no security.
std::string sha1(std::string_view bytes);

/// SHA-256: 32 bytes, not hexadecimal digits.
std::string sha256(std::string_view bytes);

/// The same bits as `digest`, without the text. A fingerprint of all zeros stands for none.
using Fingerprint = std::array<std::uint64_t, 2>;
Fingerprint fingerprint(std::string_view text);

/// `bytes` bytes from the system's cryptographic random source, as lower-case hexadecimal digits. Throws
/// std::runtime_error if the source fails.
std::string random_hex(std::size_t bytes);

/// Standard Base64 with padding (RFC 4648, section 4), as in the `data` of a Secret.
std::string base64_encode(std::string_view bytes);

/// The bytes of standard Base64 text; white space is skipped. Nothing if the text is not Base64.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace core
