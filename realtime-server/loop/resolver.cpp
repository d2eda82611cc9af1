#include "realtime-server/loop/resolver.hpp"

#include <cstring>
#include <thread>
#include <utility>

#include <netdb.h>

namespace loop {
namespace {

core::Result<std::vector<Endpoint>> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
    return core::fail(core::ErrorKind::kUnavailable, error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error));
  std::vector<Endpoint> endpoints;
  for (const auto* each = found; each != nullptr; each = each->ai_next) {
    SystemAddress address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    endpoints.push_back({address.endpoint().address, port});
  }
  freeaddrinfo(found);
  return endpoints;
}

}  // namespace

void Resolver::resolve(const std::string& host, std::uint16_t port, Resolved resolved) {
  waiting_ = std::make_shared<Resolved>(std::move(resolved));
  // Only the loop's thread locks it, so cancel() and the call never meet.
  std::thread{[mailbox = mailbox_, waiting = std::weak_ptr{waiting_}, host, port] {
    mailbox.post([waiting, found = look_up(host, port)] {
      if (const auto asker = waiting.lock()) (*asker)(found);
    });
  }}.detach();
}

void Resolver::cancel() { waiting_.reset(); }

}  // namespace loop
