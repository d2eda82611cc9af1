#include "realtime-server/transport/http.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/digest.hpp"

namespace transport {

std::string_view phrase_of(int status) {
  static constexpr std::array<std::pair<int, std::string_view>, 15> kPhrases{{
      {101, "Switching Protocols"},
      {200, "OK"},
      {204, "No Content"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {413, "Payload Too Large"},
      {426, "Upgrade Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {503, "Service Unavailable"},
  }};
  const auto* found =
      std::find_if(kPhrases.begin(), kPhrases.end(), [status](const auto& phrase) { return phrase.first == status; });
  return found == kPhrases.end() ? "Unknown" : found->second;
}

std::string head_of(const Answer& answer, std::string_view headers, bool keep_alive) {
  const auto add = [](std::size_t sum, const engineio::Range& range) { return sum + range.length; };
  const auto length = std::accumulate(answer.ranges.begin(), answer.ranges.end(), answer.body.size(), add);
  auto head = fmt::format("HTTP/1.1 {} {}\r\n", answer.status, phrase_of(answer.status));
  if (answer.status != 204)
    fmt::format_to(std::back_inserter(head), "Content-Type: {}\r\nContent-Length: {}\r\n", answer.content_type, length);
  head.append(headers).append(answer.headers).append(keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
  return head;
}

std::optional<std::string> accept_key(std::string_view key) {
  const auto bytes = core::base64_decode(key);
  if (key.size() != 24 || !bytes || bytes->size() != 16) return std::nullopt;
  std::string text;  // by +, g++ 12 would warn of an array's bounds at -O3
  text.append(key).append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  return core::base64_encode(core::sha1(text));
}

}  // namespace transport
