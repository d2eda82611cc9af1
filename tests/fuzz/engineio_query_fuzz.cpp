// The query of a request of arbitrary bytes: it is read as a plain search would read it, and what is answered to it is
// the JSON that it should be, whatever the session id says.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "realtime-server/engineio/handshake.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using engineio::Query;
using engineio::Refusal;
using engineio::SessionId;

/// The value of the last parameter of this name.
std::optional<std::string> last(const std::string& query, const std::string& name) {
  std::optional<std::string> value;
  std::size_t begin = 0;
  while (begin <= query.size()) {
    const auto end = std::min(query.find('&', begin), query.size());
    const auto pair = query.substr(begin, end - begin);
    if (pair == name) value = "";
    if (pair.starts_with(name + "=")) value = pair.substr(name.size() + 1);
    begin = end + 1;
  }
  return value;
}

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The owner in the first 24 bits of an id.
engineio::Owner owner_in(std::string_view id) {
  std::size_t bits = 0;
  for (const char c : id.substr(0, 4)) bits = bits << 6U | kAlphabet.find(c);
  return {static_cast<std::uint16_t>(bits >> 8U), static_cast<std::uint8_t>(bits & 0xffU)};
}

void check_id(std::string_view text) {
  const auto id = SessionId::parse(text);
  const auto refused = engineio::body_of(Refusal::kUnknownSession, text);
  if (!id) {
    FUZZ_CHECK(refused == R"({"code":1,"message":"Session ID unknown"})");
    return;
  }
  FUZZ_CHECK(id->text() == text);
  FUZZ_CHECK(text.find_first_not_of(kAlphabet) == text.npos);
  const auto owner = std::string{text.substr(0, 4)};
  FUZZ_CHECK(refused == R"({"code":1,"message":"Session ID unknown","owner":")" + owner + "\"}");
  FUZZ_CHECK(engineio::SessionIds{owner_in(text)}.next().text().substr(0, 4) == owner);
  FUZZ_CHECK(engineio::open_json({}, *id, engineio::TransportName::kWebSocket) ==
             "{\"sid\":\"" + std::string{text} +
                 R"(","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Of exactly this size, so that a read beyond it is found.
  const std::vector<char> bytes(data, data + size);
  const std::string text(bytes.begin(), bytes.end());
  const auto query = Query::parse({bytes.data(), bytes.size()});
  FUZZ_CHECK(query.eio == last(text, "EIO").value_or(""));
  FUZZ_CHECK(query.transport == last(text, "transport").value_or(""));
  FUZZ_CHECK(query.sid == last(text, "sid"));
  const auto b64 = last(text, "b64").value_or("");
  FUZZ_CHECK(query.base64 == (!b64.empty() && b64 != "0"));
  if (query.sid) check_id(*query.sid);
  check_id(text);
  return 0;
}
