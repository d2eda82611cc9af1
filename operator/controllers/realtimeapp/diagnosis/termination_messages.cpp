#include "operator/controllers/realtimeapp/diagnosis/termination_messages.hpp"

#include <array>

namespace controllers {
namespace {

struct KnownMessage {
  std::string_view phrase;   ///< as the program writes it
  std::string_view meaning;  ///< what to do, as the end of a sentence
};

// The first phrase that a message contains counts, so the more specific ones come first.
constexpr std::array kContainers{
    KnownMessage{
        "Entry point ('gunicorn.workers', 'eventlet') not found",
        "gunicorn 26 and later have no eventlet worker: use the gevent-websocket worker, or pin gunicorn below 26"},
    KnownMessage{"class uri",
                 "gunicorn does not find its worker class: install the package of that worker in the image"},
    KnownMessage{"Failed to find attribute",
                 "gunicorn does not find the app in the module: name it as MODULE:ATTRIBUTE"},
    KnownMessage{"No application module specified", "gunicorn was given no app: name it as MODULE:ATTRIBUTE"},
    KnownMessage{
        "is unknown; ",
        "the image of the bundled server does not know a field, which a newer one may: set server.image to one "
        "that does, or remove the field"},
    KnownMessage{"ModuleNotFoundError", "a Python module is missing in the image: install it there"},
    KnownMessage{"ImportError", "a Python import fails: install matching packages in the image"},
    KnownMessage{"SyntaxError", "a source file cannot be parsed: run the image locally first"},
    KnownMessage{"Cannot find module", "a Node.js module is missing in the image: install it there"},
    KnownMessage{"WRONGPASS", "Redis rejects the password: connect with REDIS_URL unchanged"},
    KnownMessage{"invalid username-password pair", "Redis rejects the password: connect with REDIS_URL unchanged"},
    KnownMessage{"NOAUTH", "Redis requires a password: connect with REDIS_URL unchanged"},
    KnownMessage{"Address already in use",
                 "the port is already in use inside the pod: only one process can listen on $PORT"},
    KnownMessage{"EADDRINUSE", "the port is already in use inside the pod: only one process can listen on $PORT"},
    KnownMessage{"exec format error",
                 "the image is for another CPU architecture: build it for the architecture of the nodes"},
    KnownMessage{"Read-only file system", "the app writes to a read-only file system: write to /tmp"},
    KnownMessage{
        "Permission denied",
        "the container's user cannot read or write a file: fix the permissions in the image, or write to /tmp"},
    KnownMessage{"out of memory", "the app ran out of memory: increase resources.limits.memory"},
    KnownMessage{"Name or service not known",
                 "a host name cannot be resolved: check the app's configuration and the cluster's DNS"},
    KnownMessage{
        "Connection refused",
        "a service it needs at startup refused the connection: check that service, and retry instead of exiting"},
};

constexpr std::array kPulls{
    KnownMessage{"not found", "the registry does not have it: correct the image's name or tag"},
    KnownMessage{"manifest unknown", "the registry does not have it: correct the image's name or tag"},
    KnownMessage{"couldn't parse image", "this is not a valid image name: correct it"},
    KnownMessage{"invalid reference format", "this is not a valid image name: correct it"},
    KnownMessage{"InvalidImageName", "this is not a valid image name: correct it"},
    KnownMessage{"unauthorized", "the registry requires credentials: add a Secret with them to imagePullSecrets"},
    KnownMessage{"authorization failed",
                 "the registry rejects the credentials: add a Secret with valid ones to imagePullSecrets"},
    KnownMessage{"denied", "the registry denies access or does not have it: correct the name, or imagePullSecrets"},
    KnownMessage{"no basic auth credentials",
                 "the registry requires credentials: add a Secret with them to imagePullSecrets"},
    KnownMessage{"x509", "the node does not trust the registry's certificate"},
    KnownMessage{"no such host", "the registry's host does not exist: correct the image's name"},
    KnownMessage{"toomanyrequests", "the registry's rate limit is exceeded: use credentials, or another registry"},
    KnownMessage{"connection refused",
                 "the registry refuses connections, or the image's name lacks the registry's host"},
    KnownMessage{"i/o timeout", "the registry cannot be reached from the node"},
    KnownMessage{"ErrImageNeverPull", "imagePullPolicy is Never, and the node does not have the image"},
};

template <std::size_t kCount>
consteval bool is_each_found(const std::array<KnownMessage, kCount>& known) {
  for (std::size_t later = 1; later < kCount; ++later)
    for (std::size_t earlier = 0; earlier < later; ++earlier)
      if (known[later].phrase.find(known[earlier].phrase) != std::string_view::npos) return false;
  return true;
}
static_assert(is_each_found(kContainers) && is_each_found(kPulls), "an earlier phrase hides a later one");

template <std::size_t kCount>
std::string_view find(const std::array<KnownMessage, kCount>& known, std::string_view words) {
  for (const auto& candidate : known)
    if (words.find(candidate.phrase) != std::string_view::npos) return candidate.meaning;
  return {};
}

}  // namespace

std::string_view meaning_of_termination_message(std::string_view words) { return find(kContainers, words); }

std::string_view meaning_of_pull_error(std::string_view words) { return find(kPulls, words); }

}  // namespace controllers
