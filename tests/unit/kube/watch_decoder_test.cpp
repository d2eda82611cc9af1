#include "operator/kube/watch_decoder.hpp"

#include "tests/support/catch.hpp"

using kube::WatchEventType;

namespace {

const std::string kStream = R"({"type":"ADDED","object":{"metadata":{"name":"a\n","resourceVersion":"1"}}})"
                            "\n"
                            R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"2"}}})"
                            "\r\n\n"
                            R"({"type":"ERROR","object":{"kind":"Status","code":410}})"
                            "\n";

}  // namespace

TEST_CASE("Watch events come out the same wherever the stream is cut", "[unit][kube]") {
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    kube::WatchDecoder decoder;
    std::vector<WatchEventType> types;
    const auto sink = [&](const kube::WatchEvent& event) {
      types.push_back(event.type);
      return true;
    };
    const std::string_view stream = kStream;
    REQUIRE(decoder.feed(stream.substr(0, cut), sink));
    REQUIRE(decoder.feed(stream.substr(cut), sink));
    CHECK(types == std::vector{WatchEventType::kAdded, WatchEventType::kBookmark, WatchEventType::kError});
  }
}

TEST_CASE("Empty lines between frames are nothing, also when they come in pieces", "[unit][kube]") {
  kube::WatchDecoder decoder;
  int seen = 0;
  const auto count = [&](const kube::WatchEvent&) { return ++seen > 0; };
  for (const auto* piece : {"\r", "\n", "\r", "\n\r", "\n"}) REQUIRE(decoder.feed(piece, count));
  REQUIRE(decoder.feed(kStream, count));
  CHECK(seen == 3);
}

TEST_CASE("A sink that has enough ends the decoding", "[unit][kube]") {
  kube::WatchDecoder decoder;
  int seen = 0;
  const auto more = decoder.feed(kStream, [&](const kube::WatchEvent&) { return ++seen < 2; });
  REQUIRE(more);
  CHECK_FALSE(*more);
  CHECK(seen == 2);
}

TEST_CASE("What is no watch event is refused", "[unit][kube]") {
  for (const char* frame : {"x\n", "[]\n", "{}\n",
                            R"({"type":"ADDED"})"
                            "\n",
                            R"({"type":"NEW","object":{}})"
                            "\n",
                            R"({"type":"ADDED","object":[]})"
                            "\n",
                            "{\"type\":\"ADDED\",\n"}) {
    kube::WatchDecoder decoder;
    const auto outcome = decoder.feed(frame, [](const kube::WatchEvent&) { return true; });
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == core::ErrorKind::kMalformed);
  }
}

TEST_CASE("A frame without an end costs bounded memory", "[unit][kube]") {
  kube::WatchDecoder decoder;
  const std::string piece(1U << 20U, 'x');
  core::Result<bool> outcome = true;
  std::size_t fed = 0;
  while (outcome && fed < 2 * kube::WatchDecoder::kMaxFrameBytes) {
    outcome = decoder.feed(piece, [](const kube::WatchEvent&) { return true; });
    fed += piece.size();
  }
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == core::ErrorKind::kTooLarge);
  CHECK(fed <= kube::WatchDecoder::kMaxFrameBytes + piece.size());
}

TEST_CASE("What is known already is told so", "[unit][kube]") {
  std::vector<std::string> asked;
  kube::WatchDecoder decoder{[&](const kube::ObjectKey& key, const std::string& version) {
    asked.push_back(key.text() + "@" + version);
    return version == "7";
  }};
  std::vector<bool> known;
  const auto sink = [&](const kube::WatchEvent& event) {
    known.push_back(event.is_known);
    return true;
  };
  for (
      const char* frame :
      {R"({"type":"ADDED","object":{"metadata":{"name":"a","namespace":"n","resourceVersion":"7"},"spec":{"x":1}}})",
       R"({"type":"MODIFIED","object":{"metadata":{"name":"a","namespace":"n","resourceVersion":"8"},"spec":{"x":1}}})",
       R"({"type":"DELETED","object":{"metadata":{"name":"a","namespace":"n","resourceVersion":"7"},"spec":{"x":1}}})",
       R"({"type":"MODIFIED","object":{"spec":{"name":"a","resourceVersion":"7"},"metadata":{"resourceVersion":"9"}}})"})
    REQUIRE(decoder.feed(std::string{frame} + "\n", sink));
  CHECK(asked == std::vector<std::string>{"n/a@7", "n/a@8", "@9"});
  CHECK(known == std::vector{true, false, false, false});
}
