#include "realtime-server/redis/url.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace redis {
namespace {

constexpr std::string_view kForm = "write redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]";

tl::unexpected<core::Error> wrong(std::string_view what) {
  return core::fail(core::ErrorKind::kInvalidInput, fmt::format("the Redis URL {}", what));
}

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

/// Percent-decoded text (RFC 3986, section 2.1), or nothing if a % is not followed by two hexadecimal digits.
std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += text[at];
      continue;
    }
    const auto digits = text.substr(at + 1, 2);
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) return std::nullopt;
    plain += static_cast<char>(byte);
    at += 2;
  }
  return plain;
}

bool is_host(std::string_view host, std::string_view punctuation) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           punctuation.find(c) != std::string_view::npos;
  });
}

core::Result<void> read_credentials(std::string_view text, Url& url) {
  const auto colon = text.find(':');
  auto user = decoded(text.substr(0, colon));
  auto password = decoded(colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1));
  if (!user || !password)
    return wrong("has a % in its user or password that is not followed by two hexadecimal digits; write % as %25");
  url.user = *std::move(user);
  url.password = *std::move(password);
  return {};
}

core::Result<void> read_place(std::string_view text, Url& url) {
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || !is_host(text.substr(1, end - 1), ":."))
      return wrong("has brackets without an IPv6 address in them; write redis://[2001:db8::1]:6379");
    url.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    has_port = !port.empty();
    if (has_port && !port.starts_with(':'))
      return wrong(fmt::format("continues after the bracket without a port; {}", kForm));
    port = port.substr(has_port ? 1 : 0);
  } else {
    const auto colon = text.find(':');
    has_port = colon != std::string_view::npos;
    if (has_port) port = text.substr(colon + 1);
    if (port.find(':') != std::string_view::npos)
      return wrong("has several colons after the host; write an IPv6 address in brackets, redis://[2001:db8::1]:6379");
    if (text.substr(0, colon).empty()) return wrong(fmt::format("has no host; {}", kForm));
    if (!is_host(text.substr(0, colon), "-._"))
      return wrong(fmt::format("has a host with an invalid character; {}", kForm));
    url.host = text.substr(0, colon);
  }
  if (!has_port) return {};
  const auto value = number(port, std::numeric_limits<std::uint16_t>::max());
  if (!value || *value == 0) return wrong("has a port that is not a number from 1 to 65535");
  url.port = static_cast<std::uint16_t>(*value);
  return {};
}

}  // namespace

std::string Url::address() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

core::Result<Url> parse_url(std::string_view text) {
  constexpr std::string_view kScheme = "redis://";
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return wrong("contains white space, perhaps a line end; remove it");
  if (text.starts_with("rediss://"))
    return wrong("asks for TLS (rediss://), which is not supported yet; write redis:// and a port without TLS");
  if (!text.starts_with(kScheme)) return wrong(fmt::format("does not begin with redis://; {}", kForm));
  text.remove_prefix(kScheme.size());

  const auto authority = text.substr(0, text.find_first_of("/?#"));
  const auto rest = text.substr(authority.size());
  if (rest.find('@') != std::string_view::npos)
    return wrong("has an @ after the host; in a password write / as %2F, ? as %3F, # as %23 and @ as %40");
  Url url;
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos)
    if (auto read = read_credentials(authority.substr(0, at), url); !read) return tl::unexpected(read.error());
  if (auto read = read_place(at == std::string_view::npos ? authority : authority.substr(at + 1), url); !read)
    return tl::unexpected(read.error());
  if (rest.empty() || rest == "/") return url;
  const auto database = number(rest.substr(1), std::numeric_limits<int>::max());
  if (!rest.starts_with('/') || !database)
    return wrong("ends with something that is not a database number; write /0 or nothing after the port");
  url.database = static_cast<int>(*database);
  return url;
}

}  // namespace redis
