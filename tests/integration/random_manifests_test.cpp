// Manifests made at random from the CRD: what the API server takes of them, the operator's codec takes, and the API
// server takes every child of it as planned, also on top of the children of another manifest. No operator runs.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <thread>

#include <fmt/format.h>

#include "operator/controllers/realtimeapp/observe/children.hpp"
#include "operator/controllers/realtimeapp/observe/secrets.hpp"
#include "operator/kube/config.hpp"
#include "operator/kube/projection.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/random_manifest.hpp"
#include "tests/support/world.hpp"

using nlohmann::json;
using support::RandomManifests;
using support::Temper;
namespace types = kube::types;

namespace {

constexpr std::uint64_t kSeed = 20261128;
constexpr int kManifests = 2000;
constexpr int kPairs = 100;
constexpr int kWorkers = 4;
/// One of so many is accepted at least; with fewer, the tests would say little.
constexpr int kOneAcceptedOf = 3;
constexpr std::size_t kMaxShown = 10;

RandomManifests random_manifests() {
  const char* given = std::getenv("RANDOM_MANIFESTS_SEED");
  const auto seed = given == nullptr ? kSeed : std::stoull(given);
  std::cout << fmt::format("seed {} (RANDOM_MANIFESTS_SEED sets another one)\n", seed);
  return RandomManifests{seed};
}

/// Writes through it change nothing.
class DryRun final : public kube::Transport {
 public:
  using Transport::Transport;

  core::Result<kube::HttpResponse> send(kube::HttpRequest request, const std::stop_token& stop) override {
    if (request.method != "GET")
      request.target += (request.target.find('?') == std::string::npos ? "?" : "&") + std::string{"dryRun=All"};
    return Transport::send(std::move(request), stop);
  }
};

/// What came of one number.
struct Outcome {
  bool accepted = false;
  std::string refusal;  // the API server's, of a manifest that was made to be legal
  int children = 0;
  std::vector<std::string> complaints;
};

/// All of it for the numbers below `count`, by several threads, none of which may use assertions.
template <class Attempt>
std::vector<Outcome> attempt_all(int count, const Attempt& attempt) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(count));
  std::atomic<int> next = 0;
  const auto work = [&] {
    for (int number = next++; number < count; number = next++) {
      auto& outcome = outcomes[static_cast<std::size_t>(number)];
      try {
        attempt(number, outcome);
      } catch (const std::exception& failure) {
        outcome.complaints.push_back(fmt::format("number {}: {}", number, failure.what()));
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < kWorkers; ++i) workers.emplace_back(work);
  }
  return outcomes;
}

class Attempts {
 public:
  Attempts() : manifests_{random_manifests()}, transport_{config()}, dry_{transport_, metrics_} {}

  /// A manifest is created in a dry run, and its children are applied in one.
  void try_manifest(int number, Outcome& outcome) {
    const auto temper = number % 2 == 0 ? Temper::kTame : Temper::kWild;
    const auto manifest = named(manifests_.manifest(number, temper), {});
    const auto created = dry_.create(api::kRealtimeApp, manifest, {});
    const bool accepted = judge(created, describe(number, manifest), outcome);
    if (temper == Temper::kWild) outcome.refusal.clear();
    if (accepted) write_children(dry_, *created, {}, describe(number, manifest), outcome);
  }

  /// A manifest and its children are created, then changed in a dry run to those of another one.
  void try_pair(int number, Outcome& outcome) {
    auto first = manifests_.manifest(2 * number, Temper::kTame);
    auto second = json::array({{{"op", "replace"}, {"path", "/spec"}}});
    second[0]["value"] = manifests_.successor(first["spec"], number);
    const auto manifest = named(std::move(first), fmt::format("pair-{}", number));
    const auto described = describe(number, manifest);
    auto& client = world_.client();
    const auto created = client.create(api::kRealtimeApp, manifest, {});
    if (!judge(created, described, outcome)) return;
    const auto written = write_children(client, *created, {}, described, outcome);
    const auto changed = dry_.patch(api::kRealtimeApp, manifest.key(), support::kube_json(second), {});
    const auto described_change = fmt::format("{}\nchanged to: {}", described, second[0]["value"].dump());
    outcome.accepted = false;
    if (judge(changed, described_change, outcome)) {
      const auto secret = std::find_if(written.begin(), written.end(), [](const auto& child) {
        return kube::value_at<std::string>(child.json(), {"kind"}) == types::kSecret.kind;
      });
      const auto credentials = secret == written.end() ? std::optional<controllers::RedisCredentials>{}
                                                       : std::optional{controllers::read_redis_credentials(*secret)};
      write_children(dry_, *changed, credentials, described_change, outcome);
    }
    remove(written);
    (void)client.remove(api::kRealtimeApp, created->key(), created->uid(), {});
  }

  /// Prints what came of all; the test fails if something was wrong or too little was accepted.
  static void report(const char* what, const std::vector<Outcome>& outcomes) {
    int accepted = 0;
    int children = 0;
    std::vector<std::string> refusals;
    std::vector<std::string> complaints;
    for (const auto& outcome : outcomes) {
      accepted += outcome.accepted ? 1 : 0;
      children += outcome.children;
      if (!outcome.refusal.empty()) refusals.push_back(outcome.refusal);
      complaints.insert(complaints.end(), outcome.complaints.begin(), outcome.complaints.end());
    }
    std::cout << fmt::format("{}: {} accepted, {} refused; {} children written\n", what, accepted,
                             std::ssize(outcomes) - accepted, children);
    INFO(complaints.size() << " complaints, the first of which are:\n" << first_of(complaints));
    CHECK(complaints.empty());
    INFO("refused, though it was to be legal:\n" << first_of(refusals));
    CHECK(accepted * kOneAcceptedOf >= std::ssize(outcomes));
    CHECK(accepted < std::ssize(outcomes));
  }

 private:
  static std::string first_of(const std::vector<std::string>& texts) {
    std::string shown;
    for (std::size_t i = 0; i < std::min(texts.size(), kMaxShown); ++i) shown += texts[i] + "\n\n";
    return shown;
  }

  static kube::ClientConfig config() { return *kube::load_kubeconfig(support::environment("ADMIN_KUBECONFIG")); }

  /// In the namespace of the test, and under this name if it is not empty. Every second name is as long as can be.
  kube::Object named(json manifest, std::string name) const {
    auto& metadata = manifest["metadata"];
    metadata["namespace"] = world_.name_space();
    static constexpr std::size_t kLongest = 40;
    if (!name.empty() && name.back() % 2 == 0) name.resize(kLongest, 'x');
    if (!name.empty()) metadata["name"] = std::move(name);
    return support::object_of(std::move(manifest));
  }

  std::string describe(int number, const kube::Object& manifest) const {
    return fmt::format("seed {}, number {}: {}", manifests_.seed(), number, kube::text_of(manifest.json()));
  }

  /// Whether a manifest was accepted. Any other failure than a refusal is a complaint.
  static bool judge(const core::Result<kube::Object>& answer, const std::string& described, Outcome& outcome) {
    outcome.accepted = answer.has_value();
    if (answer) return true;
    if (answer.error().kind == core::ErrorKind::kInvalidObject) {
      outcome.refusal = answer.error().message;
    } else {
      outcome.complaints.push_back(fmt::format("no answer: {}\n{}", answer.error().message, described));
    }
    return false;
  }

  static controllers::Observed observed_for(const api::RealtimeApp& app,
                                            const std::optional<controllers::RedisCredentials>& credentials) {
    controllers::Observed observed;
    observed.ingress_classes.emplace(app.spec.exposure.class_name,
                                     controllers::IngressClassState{"traefik.io/ingress-controller"});
    observed.default_redis_image = "redis:7";
    observed.default_server_image = "server:1";
    observed.new_password = "password";
    observed.new_digest_key = "key";
    observed.redis_secret.credentials = credentials;
    return observed;
  }

  /// Writes the children as the operator does, and complains of those that the API server refuses or makes something
  /// else of. Gives those that were written.
  static std::vector<kube::Object> write_children(kube::Client& client, const kube::Object& live,
                                                  const std::optional<controllers::RedisCredentials>& credentials,
                                                  const std::string& described, Outcome& outcome) {
    const auto [app, problem] = api::decode(live);
    if (!problem.empty())
      outcome.complaints.push_back(
          fmt::format("the codec refuses what the API server took: {}\n{}", problem, described));
    const auto plan = controllers::plan(app, observed_for(app, credentials));
    for (const auto& [id, held_back] : plan.problems)
      outcome.complaints.push_back(
          fmt::format("{} {} is not planned: {}\n{}", id.kind, id.name, held_back.message, described));
    std::vector<kube::Object> written;
    for (const auto& child : plan.children) {
      ++outcome.children;
      auto answer = child.create_only ? client.create(child.type, child.desired(), {})
                                      : client.apply(child.type, child.desired(), {});
      const auto complain = [&](const std::string& what) {
        outcome.complaints.push_back(
            fmt::format("{} {}\n{}\n{}", child.type.kind, what, kube::text_of(child.desired().json()), described));
      };
      if (!answer) {
        complain("is refused: " + answer.error().message);
        continue;
      }
      const auto owned = kube::Projection::owned(*answer, kube::kFieldManager);
      if (child.type != types::kSecret && controllers::digests_of(owned).whole != child.digest)
        complain("becomes something else: " + owned.canonical());
      written.push_back(std::move(*answer));
    }
    return written;
  }

  /// There is no garbage collector, and the addresses of Services are few.
  void remove(const std::vector<kube::Object>& children) {
    for (const auto& child : children) {
      const auto kind = kube::value_at<std::string>(child.json(), {"kind"});
      const auto& type = kind == types::kSecret.kind ? types::kSecret
                                                     : controllers::kChildTypes.at(controllers::child_type_index(kind));
      (void)world_.client().remove(type, child.key(), child.uid(), {});
    }
  }

  support::World world_;
  RandomManifests manifests_;
  core::Metrics metrics_;
  DryRun transport_;
  kube::Client dry_;
};

}  // namespace

TEST_CASE("What the CRD takes, the codec and the kinds of the children take", "[integration][random]") {
  Attempts attempts;
  Attempts::report("manifests", attempt_all(kManifests, [&](int number, Outcome& outcome) {
                     attempts.try_manifest(number, outcome);
                   }));
}

TEST_CASE("What an app may be changed to, its children may be changed to", "[integration][random]") {
  Attempts attempts;
  Attempts::report("changes",
                   attempt_all(kPairs, [&](int number, Outcome& outcome) { attempts.try_pair(number, outcome); }));
}
