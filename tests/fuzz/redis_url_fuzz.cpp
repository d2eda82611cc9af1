// Any bytes as a Redis URL: what is refused is refused with a message that quotes nothing of it, and what is read can
// be written again and is the same then.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "realtime-server/redis/url.hpp"
#include "tests/fuzz/check.hpp"

namespace {

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
}

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (is_plain(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    (encoded += '%').append({kDigits[byte >> 4U], kDigits[byte & 15U]});
  }
  return encoded;
}

std::string written(const redis::Url& url) {
  return "redis://" + percent_encoded(url.user) + ":" + percent_encoded(url.password) + "@" + url.address() + "/" +
         std::to_string(url.database);
}

void check_refusal(const core::Error& error) {
  FUZZ_CHECK(error.kind == core::ErrorKind::kInvalidInput);
  // Messages that quoted the URL, which may contain a password anywhere, would be unlimited in number.
  static std::set<std::string> messages;
  messages.insert(error.message);
  FUZZ_CHECK(messages.size() <= 32);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto url = redis::parse_url({reinterpret_cast<const char*>(data), size});
  if (!url) {
    check_refusal(url.error());
    return 0;
  }
  FUZZ_CHECK(!url->host.empty() && url->port > 0 && url->database >= 0);
  FUZZ_CHECK(std::all_of(url->host.begin(), url->host.end(), [](char c) { return is_plain(c) || c == ':'; }));
  const auto again = redis::parse_url(written(*url));
  FUZZ_CHECK(again);
  FUZZ_CHECK(again->host == url->host && again->port == url->port && again->database == url->database);
  FUZZ_CHECK(again->user == url->user && again->password == url->password);
  return 0;
}
