#include "realtime-server/server/page.hpp"

#include <fstream>
#include <iterator>
#include <regex>
#include <vector>

#include "core/digest.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checkout.hpp"

TEST_CASE("The page in the program is the one in the repository, with the path of the server", "[unit][server]") {
  std::ifstream stream{support::project_root() / "realtime-server/server/page/index.html"};
  const std::string file{std::istreambuf_iterator<char>{stream}, {}};
  CHECK(server::kPageHtml == file);
  CHECK(file.size() <= 30 * 1024);
  const auto html = server::page("/chat/");
  CHECK_THAT(html, Catch::Contains(" data-path=\"/chat/\"") && !Catch::Contains("{{"));
  CHECK_THAT(server::page("/\"><script>&"), Catch::Contains(" data-path=\"/&quot;>&lt;script>&amp;\">"));
}

TEST_CASE("The page is at every path above that of the protocol", "[unit][server]") {
  struct Case {
    const char* protocol_path;
    std::vector<const char*> pages;
    std::vector<const char*> others;
  };
  const std::vector<Case> cases{
      {"/socket.io/", {"/"}, {"/socket.io", "/socket.io/", "/socket.i", "/socket.io/x", "/chat", "//", "", "*", "s"}},
      {"/chat/socket.io/",
       {"/", "/chat", "/chat/"},
       {"/chat/socket.io", "/chat/socket.io/", "/cha", "/chats", "/chat/s", "/chat//", "//chat", "/socket.io/",
        "chat"}},
      {"/a/b/c/", {"/", "/a", "/a/", "/a/b", "/a/b/"}, {"/b", "/a/c", "/a/b/c", "/a/b/c/", "/a//b", "/A"}}};
  for (const auto& [protocol_path, pages, others] : cases) {
    INFO(protocol_path);
    for (const auto* path : pages) CHECK(server::is_page_path(path, protocol_path));
    for (const auto* path : others) {
      INFO(path);
      CHECK_FALSE(server::is_page_path(path, protocol_path));
    }
  }
}

TEST_CASE("The page's policy allows its own script and style and nothing else", "[unit][server]") {
  const auto policy = server::page_policy();
  const auto html = server::page("/socket.io/");
  for (const auto* element : {"script", "style"}) {
    // As the browser finds them: everything between the tags of the page that is served. std::regex would need a stack
    // as deep as the page is long.
    const std::string open = std::string{"<"} + element + ">";
    const auto begin = html.find(open) + open.size();
    const auto end = html.find(std::string{"</"} + element + ">", begin);
    REQUIRE(begin > open.size());
    REQUIRE(end != std::string::npos);
    const auto hash = core::base64_encode(core::sha256(html.substr(begin, end - begin)));
    CHECK_THAT(policy, Catch::Contains(std::string{element} + "-src 'sha256-" + hash + "';"));
    CHECK(html.find(std::string{"<"} + element, begin) == std::string::npos);
  }
  CHECK_THAT(policy, Catch::StartsWith("default-src 'none';") && Catch::Contains("connect-src 'self';") &&
                         !Catch::Contains("unsafe"));
  CHECK_FALSE(std::regex_search(html, std::regex{" (style|on[a-z]+)="}));
}

TEST_CASE("The page names no other address", "[unit][server]") {
  const auto html = server::page("/socket.io/");
  const std::regex address{"(https?|wss?)://[^\"' )]*"};
  for (std::sregex_iterator found{html.begin(), html.end(), address}; found != std::sregex_iterator{}; ++found)
    CHECK(found->str() == "http://www.w3.org/2000/svg");
}
