#include "operator/controllers/realtimeapp/diagnosis/termination_messages.hpp"

#include <array>

namespace controllers {
namespace {

constexpr std::array kContainers{
    KnownMessage{"Entry point ('gunicorn.workers', 'eventlet') not found",
                 "gunicorn 26 and later have no eventlet worker: use gevent, or pin gunicorn below 26"},
    KnownMessage{"class uri",
                 "gunicorn does not find its worker class: install the package of that worker in the image"},
    KnownMessage{"Failed to find attribute",
                 "gunicorn does not find the app in the module: name it as MODULE:ATTRIBUTE"},
    KnownMessage{"No application module specified", "gunicorn was given no app: name it as MODULE:ATTRIBUTE"},
    KnownMessage{"ModuleNotFoundError", "a Python module is missing in the image: install it there"},
    KnownMessage{"ImportError", "a Python import fails: install matching packages in the image"},
    KnownMessage{"SyntaxError", "a source file cannot be parsed: run the image locally first"},
    KnownMessage{"Cannot find module", "a Node.js module is missing in the image: install it there"},
    KnownMessage{"WRONGPASS", "Redis refuses the password: use REDIS_URL as it is given"},
    KnownMessage{"invalid username-password pair", "Redis refuses the password: use REDIS_URL as it is given"},
    KnownMessage{"NOAUTH", "Redis wants a password: use REDIS_URL as it is given"},
    KnownMessage{"Address already in use", "its port is taken within the pod: only one process may listen on $PORT"},
    KnownMessage{"EADDRINUSE", "its port is taken within the pod: only one process may listen on $PORT"},
    KnownMessage{"exec format error",
                 "the image is for another processor architecture: build it for that of the nodes"},
    KnownMessage{"Read-only file system", "it writes to the image's file system: write to /tmp"},
    KnownMessage{"Permission denied",
                 "its user may not read or write a file: mend the image's permissions, or write to /tmp"},
    KnownMessage{"out of memory", "it ran out of memory: raise resources.limits.memory"},
    KnownMessage{"Name or service not known",
                 "it cannot resolve a host name: see its configuration and the cluster's DNS"},
    KnownMessage{"Connection refused",
                 "something that it connects to at its start does not listen: let it try again instead of ending"},
};

constexpr std::array kPulls{
    KnownMessage{"not found", "the registry does not have it: correct the image's name or tag"},
    KnownMessage{"manifest unknown", "the registry does not have it: correct the image's name or tag"},
    KnownMessage{"couldn't parse image", "that is no name of an image: correct it"},
    KnownMessage{"invalid reference format", "that is no name of an image: correct it"},
    KnownMessage{"InvalidImageName", "that is no name of an image: correct it"},
    KnownMessage{"unauthorized", "the registry wants credentials: name a Secret with them in imagePullSecrets"},
    KnownMessage{"authorization failed",
                 "the registry wants other credentials: name a Secret with them in imagePullSecrets"},
    KnownMessage{"denied", "the registry refuses, or does not have it: correct the name, or imagePullSecrets"},
    KnownMessage{"no basic auth credentials",
                 "the registry wants credentials: name a Secret with them in imagePullSecrets"},
    KnownMessage{"x509", "the node does not trust the registry's certificate"},
    KnownMessage{"no such host", "the registry's host does not exist: correct the image's name"},
    KnownMessage{"toomanyrequests", "the registry limits how often one may pull: use credentials, or another registry"},
    KnownMessage{"connection refused", "the registry does not listen, or the image's name lacks its host"},
    KnownMessage{"i/o timeout", "the registry cannot be reached from the node"},
    KnownMessage{"ErrImageNeverPull", "imagePullPolicy is Never, and the node does not have it"},
};

template <std::size_t kCount>
std::string_view find(const std::array<KnownMessage, kCount>& known, std::string_view words) {
  for (const auto& candidate : known)
    if (words.find(candidate.phrase) != std::string_view::npos) return candidate.meaning;
  return {};
}

}  // namespace

std::span<const KnownMessage> known_termination_messages() { return kContainers; }

std::string_view meaning_of_termination_message(std::string_view words) { return find(kContainers, words); }

std::string_view meaning_of_pull_error(std::string_view words) { return find(kPulls, words); }

}  // namespace controllers
