#include "operator/runtime/store.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/store_contents.hpp"

using support::contents;
using Store = runtime::Store<int>;

namespace {

const Store::Key kKey{"ns", "a"};

}  // namespace

TEST_CASE("Store tells of changes and keeps quiet about repetitions", "[unit][runtime]") {
  Store store;
  std::vector<std::string> heard;
  store.listen([&](const Store::Key& key, const int* before, const int* after) {
    const auto text = [](const int* value) { return value == nullptr ? std::string{"-"} : std::to_string(*value); };
    heard.push_back(key.name + ":" + text(before) + ">" + text(after));
  });
  store.put(kKey, "1", 7);
  store.put(kKey, "2", 7);
  store.put(kKey, "3", 8);
  store.remove(kKey);
  store.remove(kKey);
  CHECK(heard == std::vector<std::string>{"a:->7", "a:7>8", "a:8>-"});
  CHECK(contents(store).empty());
}

TEST_CASE("News that is older than our own deletion does not bring an object back", "[unit][runtime]") {
  Store store;
  store.put(kKey, "1", 7);
  store.assume_removed(kKey);
  CHECK_FALSE(store.get(kKey));
  store.put(kKey, "2", 8);
  CHECK_FALSE(store.get(kKey));
  SECTION("but that of the next one of its name does") {
    store.remove(kKey);
    store.put(kKey, "4", 9);
    CHECK(store.get(kKey) == 9);
  }
  SECTION("and so does our own creation, or a list") {
    const bool is_ours = GENERATE(true, false);
    if (is_ours) store.assume(kKey, "4", 9);
    if (!is_ours) store.replace("", {{kKey, "4", 9}});
    CHECK(store.get(kKey) == 9);
  }
}

TEST_CASE("A list without an object ends the wait for the news of its deletion", "[unit][runtime]") {
  Store store;
  store.put(kKey, "1", 7);
  store.assume_removed(kKey);
  store.replace("", {});
  store.put(kKey, "4", 9);  // made by others since
  CHECK(store.get(kKey) == 9);
}

TEST_CASE("A deletion that the watch has told of already holds up no news", "[unit][runtime]") {
  Store store;
  store.put(kKey, "1", 7);
  store.remove(kKey);
  store.assume_removed(kKey);
  store.put(kKey, "4", 9);
  CHECK(store.get(kKey) == 9);
}

TEST_CASE("Store replaces a namespace's values with a list and leaves other namespaces alone", "[unit][runtime]") {
  Store store;
  store.put(kKey, "1", 1);
  store.put({"ns", "b"}, "1", 2);
  store.put({"other", "c"}, "1", 3);
  store.replace("ns", {{{"ns", "b"}, "5", 20}, {{"ns", "d"}, "5", 40}});
  CHECK_FALSE(store.get(kKey).has_value());
  CHECK(store.get({"ns", "b"}) == 20);
  CHECK(store.get({"ns", "d"}) == 40);
  CHECK(store.get({"other", "c"}) == 3);
  store.replace("", {});
  CHECK(contents(store).empty());
}

TEST_CASE("Store tells of a list once all of it is there", "[unit][runtime]") {
  Store store;
  store.put(kKey, "1", 1);
  std::vector<std::string> heard;
  store.listen_to_batches([&](std::span<const Store::Change> changes) {
    std::string text;
    for (const auto& change : changes) text += change.key.name;
    std::sort(text.begin(), text.end());
    heard.push_back(fmt::format("{} of {}", text, contents(store).size()));
  });
  store.replace("", {{{"ns", "b"}, "5", 20}, {{"ns", "c"}, "5", 30}});
  store.put(kKey, "6", 1);
  store.replace("", {{kKey, "7", 1}, {{"ns", "b"}, "7", 20}, {{"ns", "c"}, "7", 30}});
  CHECK(heard == std::vector<std::string>{"abc of 2", "a of 3"});
}

TEST_CASE("Store finds values by their index, as they are now", "[unit][runtime]") {
  Store store;
  store.index_by([](const Store::Key&, int value) {
    return value == 0 ? std::nullopt : std::optional{Store::Key{"tens", std::to_string(value / 10)}};
  });
  const auto of_ten = [&] {
    std::map<std::string, int> found;
    for (const auto& [key, value] : store.indexed({"tens", "1"})) found.emplace(key.name, *value);
    return found;
  };
  using Found = std::map<std::string, int>;
  for (int i = 0; i < 1000; ++i) store.put({"ns", std::to_string(i)}, "1", 20);  // the table grows
  store.put(kKey, "1", 10);
  store.put({"ns", "b"}, "1", 11);
  store.put({"ns", "not indexed"}, "1", 0);
  CHECK(of_ten() == Found{{"a", 10}, {"b", 11}});
  store.put(kKey, "2", 12);
  store.put({"ns", "b"}, "2", 25);
  CHECK(of_ten() == Found{{"a", 12}});
  store.remove(kKey);
  CHECK(of_ten().empty());
  store.assume({"ns", "b"}, "3", 15);
  CHECK(of_ten() == Found{{"b", 15}});
  store.replace("", {{{"ns", "c"}, "9", 19}, {{"ns", "d"}, "9", 29}});
  CHECK(of_ten() == Found{{"c", 19}});
  CHECK(store.indexed({"tens", "3"}).empty());
}

TEST_CASE("Store tells of changes in their order, whoever makes them", "[unit][runtime]") {
  Store store;
  std::vector<int> heard;
  std::atomic<bool> is_other_heard = false;
  std::jthread other;
  store.listen([&](const Store::Key&, const int*, const int* after) {
    if (*after == 1) {
      other = std::jthread{[&] { store.put(kKey, "2", 2); }};
      // Time enough for the other to be told first, if it could be.
      const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{200};
      while (!is_other_heard && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    } else {
      is_other_heard = true;
    }
    heard.push_back(*after);
  });
  store.put(kKey, "1", 1);
  other.join();
  CHECK(heard == std::vector{1, 2});
}

TEST_CASE("Store remembers what was removed again as long as what was removed once", "[unit][runtime]") {
  constexpr std::chrono::milliseconds kRemember{1000};
  Store store{kRemember};
  const auto start = std::chrono::steady_clock::now();
  const auto wait_until = [&](std::chrono::milliseconds since) {
    while (std::chrono::steady_clock::now() < start + since) std::this_thread::yield();
  };
  store.put(kKey, "1", 1);
  store.remove(kKey);
  wait_until(kRemember / 2);
  store.put(kKey, "2", 2);
  store.remove(kKey);
  wait_until(kRemember + std::chrono::milliseconds{50});
  store.put({"ns", "other"}, "3", 3);  // what was removed long ago is forgotten
  store.assume(kKey, "2", 2);          // the outcome of a write before the second removal
  CHECK_FALSE(store.get(kKey));
}

TEST_CASE("Store replaces all at once, and tells of what is gone", "[unit][runtime]") {
  Store store;
  store.put(kKey, "1", 1);
  store.put({"ns", "b"}, "1", 2);
  store.put({"ns", "c"}, "1", 3);
  std::vector<std::string> heard;
  store.listen([&](const Store::Key& key, const int*, const int* after) {
    CHECK(contents(store) == std::map<Store::Key, int>{{{"ns", "b"}, 20}, {{"ns", "c"}, 3}, {{"ns", "d"}, 40}});
    heard.push_back(key.name + (after == nullptr ? " gone" : " put"));
  });
  store.replace("ns", {{{"ns", "b"}, "z", 20}, {{"ns", "c"}, "y", 3}, {{"ns", "d"}, "x", 40}});
  CHECK(heard == std::vector<std::string>{"a gone", "b put", "d put"});
}

TEST_CASE("Store does not go back behind our own write", "[unit][runtime]") {
  Store store;
  store.put(kKey, "1", 1);
  store.assume(kKey, "3", 3);
  CHECK(store.get(kKey) == 3);
  store.put(kKey, "2", 2);  // news that is older than the write
  CHECK(store.get(kKey) == 3);
  store.put(kKey, "3", 3);
  store.put(kKey, "4", 4);
  CHECK(store.get(kKey) == 4);
}

TEST_CASE("Store does not go back behind our own write, however late the news before it comes", "[unit][runtime]") {
  Store store{std::chrono::milliseconds{0}};
  store.put(kKey, "9", 9);
  store.assume(kKey, "11", 11);
  store.put(kKey, "10", 10);
  CHECK(store.get(kKey) == 11);
  SECTION("but for what came after it, without news of the write") { store.put(kKey, "12", 12); }
  // As after a restore of etcd.
  SECTION("and for a list") { store.replace("", {{kKey, "5", 12}}); }
  SECTION("and for versions that are no numbers") { store.put(kKey, "a", 12); }
  CHECK(store.get(kKey) == 12);
}

TEST_CASE("Store ignores an outcome that the watch has brought before", "[unit][runtime]") {
  Store store;
  store.put(kKey, "3", 3);
  store.put(kKey, "4", 4);
  store.assume(kKey, "3", 3);
  CHECK(store.get(kKey) == 4);
  store.put(kKey, "5", 5);
  CHECK(store.get(kKey) == 5);
}

TEST_CASE("Store ignores an outcome that is told after the deletion that followed it", "[unit][runtime]") {
  Store store;
  store.put(kKey, "3", 3);
  store.remove(kKey);
  store.assume(kKey, "3", 3);
  CHECK_FALSE(store.get(kKey).has_value());
  store.assume(kKey, "5", 5);  // created again, and the watch has not brought it yet
  CHECK(store.get(kKey) == 5);
}

TEST_CASE("Store believes a deletion and a list more than our own write", "[unit][runtime]") {
  Store store;
  store.put(kKey, "1", 1);
  store.assume(kKey, "3", 3);
  store.remove(kKey);
  CHECK_FALSE(store.get(kKey).has_value());
  store.assume(kKey, "5", 5);
  store.replace("", {});
  CHECK_FALSE(store.get(kKey).has_value());
  store.put(kKey, "9", 9);
  CHECK(store.get(kKey) == 9);
}

TEST_CASE("Store knows the news of its own write, once", "[unit][runtime]") {
  Store store;
  CHECK_FALSE(store.confirm(kKey, "1"));
  store.put(kKey, "1", 1);
  CHECK_FALSE(store.confirm(kKey, "1"));
  store.assume(kKey, "3", 3);
  CHECK_FALSE(store.confirm(kKey, "2"));
  store.put(kKey, "2", 2);  // older than the write
  CHECK(store.get(kKey) == 3);
  CHECK(store.confirm(kKey, "3"));
  CHECK_FALSE(store.confirm(kKey, "3"));
  store.put(kKey, "4", 4);
  CHECK(store.get(kKey) == 4);
  store.assume(kKey, "3", 3);  // told late: the watch has brought it
  CHECK(store.get(kKey) == 4);
}
