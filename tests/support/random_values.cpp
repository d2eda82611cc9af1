#include "tests/support/random_values.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace support {
namespace {

using nlohmann::json;

struct Pool {
  std::string_view path;  // its end; the first that fits counts
  std::vector<json> legal;
  std::vector<json> illegal;
};

std::string many(std::size_t count, std::string_view what) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += what;
  return text;
}

/// Names of objects that are referred to: DNS subdomains.
Pool names(std::string_view path) {
  return {path,
          {"s", "a.b-c", "0", "traefik", "x--y", many(63, "a"), many(126, "a.") + "b"},
          {"", "Not A Name", "-a", "a-", "a_b", "a..b", many(254, "a")}};
}

// {n} stands for a number that is thrown.
const std::vector<Pool>& pools() {
  static const std::vector<Pool> kPools{
      {"metadata.name",
       {"a", "chat", "a--b", "a1", "redis", "kubernetes", "c" + many(39, "9"), many(40, "x")},
       {"", "default", "1chat", "chat-", "-", "Chat", "a.b", many(41, "x")}},
      {".image",
       {"chat:1", "a", "registry.example.com/team/chat:1.4.2", "UPPER/Case:Tag", "!~",
        "localhost:5000/a/b@sha256:" + many(64, "0"), "[::1]:5000/chat", many(1024, "x")},
       {"", " chat", "a b", "chat\n", "chat\t", "chat:1\u00a0", "ch\u00e4t", many(1025, "x")}},
      {"imagePullSecrets[].name", {"pull", "a.b-c", "Not A Name", "é", many(253, "a")}, {"", many(254, "a")}},
      {"env[].name",
       {"A", "_", "-", ".a", "a.b-c", "PATH", "REDIS_URL_2", "port", "A_{n}", many(256, "A")},
       {"", "PORT", "REDIS_URL", "POD_NAME", "1A", "A B", "a=b", ".", "..", "..a", "Ä", many(257, "A")}},
      names("Ref.name"),
      {"KeyRef.key", {"k", ".a", "-", "_", "redis.conf", "A-b_c.9", many(253, "k")}, {"", ".", "..", "...", "a/b"}},
      {"envFrom[].prefix", {"", "P_", "a.b-", "-", "_", ".a", many(256, "P")}, {"1-", "..x", ".", "a b", "é"}},
      {"requests{key}",
       {"cpu", "memory", "ephemeral-storage", "nvidia.com/gpu", "a/B_c.9", "my-kubernetes.io/x", "example.com/r-{n}",
        many(182, "d") + "/" + many(63, "N")},
       {"", "gpus", "storage", "hugepages-2Mi", "hugepages-2mi/x", "requests.nvidia.com/gpu", "kubernetes.io/x",
        "x.kubernetes.io/y", "a/b/c", "/x", "A.b/c", many(244, "d") + "/xy"}},
      {"requests{}",
       {0,
        1,
        4,
        "0",
        "1m",
        "100m",
        "0.5",
        ".5",
        "1.",
        "00.50",
        "1e3",
        "5E3",
        "1e-3",
        "1e-31",
        "0e99",
        "0.3333333333333333333333",
        "107374182.4000000000000",
        "1e+2",
        "1E",
        "1n",
        "1u",
        "0.1n",
        "64Mi",
        "0.5Gi",
        "128974848",
        "999999999999999999"},
       {-1, "-1", "+1", "", "Gi", "1 Gi", "1e1.5", "1e", "1e100", "lots", many(25, "1")}},
      {"provisioned.storage",
       {1, 1073741824, "1", "1Gi", "1k", "500M", "10Ti", "1073741824", "10485760Ki", "99999Ti", "999999999999999999"},
       {0, -1, "", "0", "01Gi", "1.5Gi", "-1Gi", "1Ei", "100000Ti"}},
      names("storageClassName"),
      names("exposure.className"),
      names("tls.secretName"),
      {"exposure.host",
       {"chat.example.com", "a", "1", "1.2.3", "1.2.3.4.5", "10.example", "xn--bcher-kva.example", many(63, "a") + ".b",
        many(3, many(63, "a") + ".") + many(61, "b"), "h{n}.example.com"},
       {"", "10.0.0.1", "010.0.0.001", "*.example.com", "https://a.example", "Chat.example.com", "a_b", "a:443", "a..b",
        ".a", "a.", "::1", many(64, "a")}},
      {"exposure.paths[]",
       {"/", "/a", "/a/b/", "/socket.io", "/chat/", "/%20", "/%2e%2e", "/a b", "/é", "/...", "/.well-known", "/a?b=c#d",
        "/~user", "/$1", "/\x7f", "/a \u2028 b", "/p{n}", "/" + many(1023, "a"), "/" + many(1023, "😀")},
       {"", "a", "//", "/a//b", "/..", "/.", "/./a", "/a/../b", "/a%2Fb", "/a%2f", "/" + many(1024, "a")}},
      {"protocol.path",
       {"/", "/ws", "/socket.io/", "/a/b/c/", "//", "/./", "/../x", "/~x_-.", "/" + many(255, "a")},
       {"", "ws", "/a b", "/é", "/a?b", "/%20", "/" + many(256, "a")}},
      // Those of the bundled server.
      {"folder",
       {"/socket.io/", "/ws/", "/a/b/c/", "/.../", "/-/", "/~x_-./", "/" + many(254, "a") + "/"},
       {"/", "/ws", "//", "/./", "/a/../b/", "/a//b/"}},
      {"pingInterval",
       {"100ms", "0.1s", "25s", "1m30s", "1s1s", "1.500s", "000000025s", "9m59.999s", "600000ms", "10m"},
       {"", "25", "99ms", "10m1s", "-25s", "1h", "25S", "1.5m", "1.2345s", "0", "25s "}},
      {"drain.deadline",
       {"10s", "10000ms", "60s", "5m", "59m59.999s", "3600s", "1h"},
       {"", "60", "9.999s", "1h1s", "1h0m0s1ms", "1d"}},
      {"namespaces{key}",
       {"/", "/admin", "/a/b", "//", "/ ", "/é", "/$", "/n-{n}", "/" + many(127, "n"), "/" + many(63, "é")},
       {"", "admin", "/a,b", "/a?b", "/" + many(128, "n"), "/" + many(64, "é")}},
      {"events{key}",
       {"message", "a b", "é", "0", "$args", "__proto__", "\n", "e-{n}", many(128, "e"), many(128, "😀")},
       {"", "connect", "disconnect", "newListener", many(129, "e")}},
      {"[].event",
       {"message", "response", " ", "é", "\u0085x", "$1", many(128, "e")},
       {"", "connect_error", "removeListener", many(129, "e")}},
      {"allowedOrigins[]",
       {"*", "https://chat.example.com", "http://localhost:3000", "capacitor://localhost", "https://[::1]:8443",
        "http://a:443", "https://a:80", "https://h{n}.example.com", "https://" + many(292, "a"), "null", "file://",
        "https://a:443", "HTTPS://A"},
       {"", "a", "https://a/", "https://", "https://a b", "https://é"}},
      {"trustedProxies[]",
       {"10.0.0.0/8", "10.0.0.{n}", "0.0.0.0/0", "::/0", "fd00::/8", "2001:db8::1"},
       {"", "ingress", "10.0.0.0/33", "10.0.0", "10.0.0.0/", "fe80::1%eth0", "10.0.0.1:80"}},
      {"redis.channel", {"socketio", "flask-socketio", "a:b", many(64, "c")}, {"", "a b", "é", many(65, "c")}},
      {"limits.idleTimeout", {"1s", "90s", "1m30.5s", "620s", "1h"}, {"", "90", "999ms", "1h1s", "2h"}},
      {"annotations{key}",
       {"x", "A_b.c", "a.b/c", "nginx.ingress.kubernetes.io/proxy-body-size", "realtimeoperator.dev/app-uid",
        "traefik.ingress.kubernetes.io/router.entrypoints", "example.com/k-{n}", "k{n}", many(63, "k"),
        many(189, "d") + "/" + many(63, "k")},
       {"", "nginx.ingress.kubernetes.io/server-snippet", "kubernetes.io/ingress.class", "a/b/c", "-a", "a b", "/x",
        "A.b/c", many(64, "k"), many(190, "d") + "/" + many(63, "k")}},
  };
  return kPools;
}

/// The paths that have the same values as another one.
std::string pool_path(const std::string& path) {
  for (const auto& [same, as] : {std::pair{"limits{key}", "requests{key}"}, std::pair{"limits{}", "requests{}"},
                                 std::pair{"pingTimeout", "pingInterval"}})
    if (path.ends_with(same)) return as;
  return path;
}

using Alphabet = std::vector<std::string>;

const std::array<Alphabet, 3>& alphabets() {
  static const std::array<Alphabet, 3> kAlphabets{
      Alphabet{"a", "b", "z", "A", "Z", "0", "9", "-", "_", ".", "/", " "},
      Alphabet{" ", "\"", "'",    "\\",   "\n",     "\r",     "\t",     "$",      "(",      ")", "{",  "}", "%", "#",
               ":", "&",  "\x01", "\x7f", "\u0085", "\u00a0", "\u2028", "\ufeff", "\uffff", "é", "中", "😀", "-", "*"},
      Alphabet{"😀"}};
  return kAlphabets;
}

}  // namespace

std::optional<json> listed_value(const std::string& path, bool legal, Dice& dice) {
  const auto wanted = pool_path(path);
  const auto& all = pools();
  const auto pool = std::find_if(all.begin(), all.end(), [&](const Pool& p) { return wanted.ends_with(p.path); });
  if (pool == all.end()) return std::nullopt;
  auto value = dice.one_of(legal ? pool->legal : pool->illegal);
  if (!value.is_string()) return value;
  auto text = value.get<std::string>();
  if (const auto at = text.find("{n}"); at != std::string::npos)
    text.replace(at, 3, std::to_string(dice.between(0, 999)));
  return text;
}

TextStyle longest_style(Dice& dice) {
  return {true, static_cast<std::size_t>(dice.between(0, std::ssize(alphabets()) - 1))};
}

std::string random_text(std::int64_t least, std::int64_t most, const TextStyle& style, Dice& dice) {
  const std::array lengths{least, least, least + 1, least + dice.between(0, 12), least + dice.between(0, 12)};
  const bool longest = style.longest || dice.once_in(60);
  const auto length = longest ? most : std::min(most, dice.one_of(lengths));
  const auto& alphabet = style.longest ? alphabets()[style.alphabet] : dice.one_of(alphabets());
  std::string text;
  for (std::int64_t i = 0; i < length; ++i) text += dice.one_of(alphabet);
  return text;
}

json random_argument(bool in_event, Dice& dice, int depth) {
  static const std::vector<json> kScalars{nullptr,          true, false,   0,     -1,     0.5,
                                          9007199254740993, "",   "plain", "$$1", "$auth"};
  static const std::vector<json> kOfEvents{"$1", "$64", "$auth"};
  switch (dice.between(0, depth < 3 ? 6 : 4)) {
    case 0:
      return in_event ? dice.one_of(kOfEvents) : json("$auth");
    case 1: {
      auto text = random_text(0, 20, {}, dice);
      return text.starts_with('$') ? "$" + text : text;
    }
    case 5: {
      auto list = json::array();
      for (auto i = dice.between(0, 3); i > 0; --i) list.push_back(random_argument(in_event, dice, depth + 1));
      return list;
    }
    case 6: {
      auto object = json::object();
      for (auto i = dice.between(0, 3); i > 0; --i)
        object[random_text(0, 8, {}, dice)] = random_argument(in_event, dice, depth + 1);
      return object;
    }
    default:
      return depth == 0 && in_event && dice.once_in(4) ? json("$args") : dice.one_of(kScalars);
  }
}

}  // namespace support
