#include "realtime-server/engineio/session_id.hpp"

#include <array>
#include <bitset>
#include <set>
#include <string>
#include <unordered_set>

#include "tests/support/catch.hpp"

using engineio::Owner;
using engineio::SessionId;
using engineio::SessionIds;

TEST_CASE("Session ids do not repeat, and every character after the owner is random", "[unit][engineio]") {
  SessionIds first{{1, 2}};
  SessionIds second{{1, 2}};
  std::unordered_set<std::string> seen;
  std::array<std::set<char>, SessionId::kLength> characters;
  for (int i = 0; i < 50'000; ++i)
    for (auto* ids : {&first, &second}) {
      const auto id = ids->next();
      seen.emplace(id.text());
      for (std::size_t at = 0; at < SessionId::kLength; ++at) characters.at(at).insert(id.text()[at]);
    }
  CHECK(seen.size() == 100'000);
  for (std::size_t at = 0; at < SessionId::kLength; ++at) CHECK(characters.at(at).size() == (at < 4 ? 1 : 64));
}

TEST_CASE("A session id names its owner", "[unit][engineio]") {
  std::set<std::string> texts;
  for (const unsigned replica : {0U, 1U, 255U, 256U, 0x1234U, 0xffffU})
    for (const unsigned shard : {0U, 1U, 63U, 64U, 255U}) {
      const Owner owner{static_cast<std::uint16_t>(replica), static_cast<std::uint8_t>(shard)};
      SessionIds ids{owner};
      const auto id = ids.next();
      const auto parsed = SessionId::parse(id.text());
      REQUIRE(parsed);
      CHECK(*parsed == id);
      const auto text = engineio::owner_text(id);
      CHECK(engineio::owner_text(ids.next()) == text);
      texts.emplace(text.data(), text.size());
    }
  CHECK(texts.size() == 30);
}

TEST_CASE("What has not the form of a session id is refused", "[unit][engineio]") {
  const std::string good = "AZaz09-_AZaz09-_AZaz";
  CHECK(SessionId::parse(good));
  CHECK_FALSE(SessionId::parse(""));
  CHECK_FALSE(SessionId::parse(good.substr(1)));
  CHECK_FALSE(SessionId::parse(good + "A"));
  for (int character = 0; character < 256; ++character) {
    const auto c = static_cast<char>(character);
    const bool known =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    for (const std::size_t at : {0U, 10U, 19U}) {
      auto text = good;
      text[at] = c;
      INFO("character " << character << " at " << at);
      REQUIRE(SessionId::parse(text).has_value() == known);
    }
  }
}

TEST_CASE("The hash of ids takes all values, in its low bits and in its high ones", "[unit][engineio]") {
  SessionIds ids{{1, 2}};
  std::bitset<256> low;
  std::bitset<256> high;
  for (int i = 0; i < 10'000; ++i) {
    const auto hash = SessionId::Hash{}(ids.next());
    low.set(hash & 0xffU);
    high.set(hash >> 56U);
  }
  CHECK(low.all());
  CHECK(high.all());
}

TEST_CASE("The number of a replica is stable, and differs among the replicas of an app", "[unit][engineio]") {
  CHECK(engineio::replica_number("") == engineio::replica_number(""));
  std::set<std::uint16_t> numbers;
  for (int i = 0; i < 20; ++i) numbers.insert(engineio::replica_number("chat-6d5f8c9b7-x" + std::to_string(i)));
  CHECK(numbers.size() == 20);
}
