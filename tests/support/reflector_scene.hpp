// A reflector of some Services whose lists and watches a script answers.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "operator/runtime/reflector.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"

namespace scenes {

using Versions = runtime::Store<std::string>;

inline std::string object(const std::string& name, const std::string& version) {
  return fmt::format(R"({{"metadata": {{"name": "{}", "namespace": "n", "resourceVersion": "{}"}}}})", name, version);
}

inline std::string list(const std::string& version, const std::vector<std::string>& items,
                        const std::string& next = "") {
  return fmt::format(R"({{"metadata": {{"resourceVersion": "{}", "continue": "{}"}}, "items": [{}]}})", version, next,
                     fmt::join(items, ", "));
}

inline std::string event(const std::string& type, const std::string& what) {
  return fmt::format(R"({{"type": "{}", "object": {}}})", type, what) + "\n";
}

inline constexpr const char* kGone = R"({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})";

inline const std::string kEndOfInitialEvents =
    R"({"metadata": {"resourceVersion": "5", "annotations": {"k8s.io/initial-events-end": "true"}}})";

enum class Request { kPage, kWatch, kStreamingList };

inline Request kind_of(const support::ScriptedRequest& request) {
  const auto asks = [&](const char* what) { return request.target.find(what) != std::string::npos; };
  if (asks("sendInitialEvents=true")) return Request::kStreamingList;
  return asks("watch=true") ? Request::kWatch : Request::kPage;
}

/// Looks until the condition holds; false if that takes too long.
inline bool until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

/// Short back-offs, and connections that are not given up.
inline constexpr runtime::ReflectorTimes kTimes{std::chrono::milliseconds{20}, std::chrono::milliseconds{100},
                                                std::chrono::seconds{60}, std::chrono::seconds{60},
                                                std::chrono::seconds{60}};

/// A reflector of some Services that is driven by a script, and what it has.
class Scene {
 public:
  explicit Scene(support::ScriptedServer::Script script, runtime::ReflectorTimes times = kTimes)
      : server_{std::move(script)},
        transport_{{.server = server_.url(), .ca = server_.authority()}},
        client_{transport_, metrics_},
        reflector_{threads_,
                   client_,
                   kube::types::kService,
                   kube::Selection{"n", "app=chat"},
                   std::make_unique<runtime::StoreTarget<std::string>>(
                       store_, "n", [](const kube::ObjectView& object) { return object.resource_version(); }),
                   times} {
    reflector_.start();
  }

  /// The names with their versions, as a=1,b=2.
  std::string held() const {
    std::map<std::string, std::string> sorted;
    store_.visit([&](const kube::ObjectKey& key, const std::string& version) { sorted[key.name] = version; });
    std::string text;
    for (const auto& [name, version] : sorted) text += (text.empty() ? "" : ",") + name + "=" + version;
    return text;
  }

  bool until(const std::function<bool()>& condition) const { return scenes::until(condition); }

  bool holds(const std::string& wanted) const {
    const bool came = until([&] { return held() == wanted; });
    INFO(held());
    CHECK(held() == wanted);
    return came;
  }

  std::vector<std::string> targets(Request kind) const {
    std::vector<std::string> found;
    for (const auto& request : server_.requests())
      if (kind_of(request) == kind) found.push_back(request.target);
    return found;
  }

  const support::ScriptedServer& server() const { return server_; }
  runtime::Reflector& reflector() { return reflector_; }
  const runtime::Reflector& reflector() const { return reflector_; }

 private:
  support::ScriptedServer server_;
  core::Metrics metrics_;
  kube::Transport transport_;
  kube::Client client_;
  Versions store_;
  runtime::ReflectorThreads threads_;
  runtime::Reflector reflector_;
};

/// What a script does at its first, second, … request of each kind; the last is done again and again. Streaming lists
/// are refused, as by an older server, where it is not said otherwise.
class Steps {
 public:
  using Step = std::function<void(support::ScriptedReply&)>;

  Steps(std::vector<Step> pages, std::vector<Step> watches, std::vector<Step> streaming_lists = {refuse()})
      : steps_{{Request::kPage, {std::move(pages)}},
               {Request::kWatch, {std::move(watches)}},
               {Request::kStreamingList, {std::move(streaming_lists)}}} {}

  support::ScriptedServer::Script script() {
    return [this](const support::ScriptedRequest& request, support::ScriptedReply& reply) {
      Step step;
      {
        const std::lock_guard lock{mutex_};
        auto& [steps, done] = steps_.at(kind_of(request));
        step = steps.at(std::min(done++, steps.size() - 1));
      }
      step(reply);
    };
  }

 private:
  struct Sequence {
    std::vector<Step> steps;
    std::size_t done = 0;
  };

  static Step refuse() {
    return [](support::ScriptedReply& reply) {
      reply.answer(422, R"({"kind": "Status", "code": 422, "reason": "Invalid", "message": "ListOptions is invalid"})");
    };
  }

  std::mutex mutex_;
  std::map<Request, Sequence> steps_;
};

inline Steps::Step answer(int status, const std::string& body, const std::string& headers = "") {
  return [=](support::ScriptedReply& reply) { reply.answer(status, body, headers); };
}

/// A watch that tells these events, and then nothing.
inline Steps::Step stream(const std::string& events) {
  return [=](support::ScriptedReply& reply) {
    reply.begin_stream();
    reply.raw(events);
    reply.hold();
  };
}

/// The same, and then it ends.
inline Steps::Step stream_and_end(const std::string& events) {
  return [=](support::ScriptedReply& reply) {
    reply.begin_stream();
    reply.raw(events);
    reply.cut();
  };
}

inline const Steps::Step kQuiet = stream("");

}  // namespace scenes
