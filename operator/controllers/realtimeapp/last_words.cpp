#include "operator/controllers/realtimeapp/last_words.hpp"

#include <array>

namespace controllers {
namespace {

constexpr std::array kContainers{
    LastWords{"Entry point ('gunicorn.workers', 'eventlet') not found",
              "gunicorn 26 and later have no eventlet worker: use gevent, or pin gunicorn below 26"},
    LastWords{"class uri", "gunicorn does not find its worker class: install the package of that worker in the image"},
    LastWords{"Failed to find attribute", "gunicorn does not find the app in the module: name it as MODULE:ATTRIBUTE"},
    LastWords{"No application module specified", "gunicorn was given no app: name it as MODULE:ATTRIBUTE"},
    LastWords{"ModuleNotFoundError", "a Python module is missing in the image: install it there"},
    LastWords{"ImportError", "a Python import fails: install matching packages in the image"},
    LastWords{"SyntaxError", "a source file cannot be parsed: run the image locally first"},
    LastWords{"Cannot find module", "a Node.js module is missing in the image: install it there"},
    LastWords{"WRONGPASS", "Redis refuses the password: use REDIS_URL as it is given"},
    LastWords{"invalid username-password pair", "Redis refuses the password: use REDIS_URL as it is given"},
    LastWords{"NOAUTH", "Redis wants a password: use REDIS_URL as it is given"},
    LastWords{"Address already in use", "its port is taken within the pod: only one process may listen on $PORT"},
    LastWords{"EADDRINUSE", "its port is taken within the pod: only one process may listen on $PORT"},
    LastWords{"exec format error", "the image is for another processor architecture: build it for that of the nodes"},
    LastWords{"Read-only file system", "it writes to the image's file system: write to /tmp"},
    LastWords{"Permission denied",
              "its user may not read or write a file: mend the image's permissions, or write to /tmp"},
    LastWords{"out of memory", "it ran out of memory: raise resources.limits.memory"},
    LastWords{"Name or service not known",
              "it cannot resolve a host name: see its configuration and the cluster's DNS"},
    LastWords{"Connection refused",
              "something that it connects to at its start does not listen: let it try again instead of ending"},
};

constexpr std::array kPulls{
    LastWords{"not found", "the registry does not have it: correct the image's name or tag"},
    LastWords{"manifest unknown", "the registry does not have it: correct the image's name or tag"},
    LastWords{"couldn't parse image", "that is no name of an image: correct it"},
    LastWords{"invalid reference format", "that is no name of an image: correct it"},
    LastWords{"InvalidImageName", "that is no name of an image: correct it"},
    LastWords{"unauthorized", "the registry wants credentials: name a Secret with them in imagePullSecrets"},
    LastWords{"authorization failed",
              "the registry wants other credentials: name a Secret with them in imagePullSecrets"},
    LastWords{"denied", "the registry refuses, or does not have it: correct the name, or imagePullSecrets"},
    LastWords{"no basic auth credentials",
              "the registry wants credentials: name a Secret with them in imagePullSecrets"},
    LastWords{"x509", "the node does not trust the registry's certificate"},
    LastWords{"no such host", "the registry's host does not exist: correct the image's name"},
    LastWords{"toomanyrequests", "the registry limits how often one may pull: use credentials, or another registry"},
    LastWords{"connection refused", "the registry does not listen, or the image's name lacks its host"},
    LastWords{"i/o timeout", "the registry cannot be reached from the node"},
    LastWords{"ErrImageNeverPull", "imagePullPolicy is Never, and the node does not have it"},
};

template <std::size_t kCount>
std::string_view find(const std::array<LastWords, kCount>& known, std::string_view words) {
  for (const auto& candidate : known)
    if (words.find(candidate.phrase) != std::string_view::npos) return candidate.meaning;
  return {};
}

}  // namespace

std::span<const LastWords> known_last_words() { return kContainers; }

std::string_view meaning_of_last_words(std::string_view words) { return find(kContainers, words); }

std::string_view meaning_of_pull_error(std::string_view words) { return find(kPulls, words); }

}  // namespace controllers
