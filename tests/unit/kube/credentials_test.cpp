// Files that are rotated, and nobody is refused meanwhile; see transport_test.cpp for what a refusal does, and
// exec_plugin_test.cpp for programs.
#include "operator/kube/credentials.hpp"

#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace std::chrono_literals;

namespace {

kube::ClientConfig config_of(const support::Folder& files) {
  return {.ca_file = files.path() / "ca.crt", .token_file = files.path() / "token"};
}

}  // namespace

TEST_CASE("A token and a CA are read again before they are a minute old", "[unit][kube]") {
  const support::Folder files;
  files.write("token", "one\n");
  files.write("ca.crt", "CA");
  STATIC_REQUIRE(kube::Credentials::kRefresh <= 60s);
  kube::Credentials rested{config_of(files)};
  kube::Credentials rotating{config_of(files), 10ms};
  const auto token = [](kube::Credentials& credentials) { return (*credentials.current({}))->token; };
  CHECK(token(rested) == "one");
  CHECK(token(rotating) == "one");
  files.write("token", "two\n");
  files.write("ca.crt", "another");
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (token(rotating) != "two" && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(token(rotating) == "two");
  CHECK((*rotating.current({}))->ca == "another");
  CHECK(token(rested) == "one");  // nothing is read at each request
}

TEST_CASE("What cannot be read any more stays in use, and what has not changed stays the same", "[unit][kube]") {
  const support::Folder files;
  files.write("token", "one");
  files.write("ca.crt", "CA");
  kube::Credentials credentials{config_of(files), 0ms};
  const auto first = *credentials.current({});
  CHECK(*credentials.current({}) == first);
  files.remove("token");
  files.write("ca.crt", "");
  CHECK(*credentials.current({}) == first);
  files.write("token", "two");
  const auto second = *credentials.current({});
  CHECK(second->token == "two");
  CHECK(second->ca == "CA");
}
