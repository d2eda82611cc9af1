// Which web pages may connect: browsers send the origin of the page, everybody else leaves it out. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace server {

class Origins {
 public:
  /// None: the server's own origin only; "*": any; else these.
  explicit Origins(std::vector<std::string> allowed) : allowed_{std::move(allowed)} {}

  /// Whether a request with this Origin header may be served by the host that it names in its Host header. The scheme
  /// of the server's own origin is not compared: a proxy may have ended TLS.
  bool allows(std::optional<std::string_view> origin, std::string_view host) const;

  /// The headers that let a browser show the answer to a page of another origin that is allowed (Fetch standard, "CORS
  /// protocol"); none for the server's own.
  std::string headers(std::optional<std::string_view> origin, std::string_view host) const;

 private:
  std::vector<std::string> allowed_;
};

}  // namespace server
