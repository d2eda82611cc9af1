// Which web pages may connect: browsers send the page's origin, other programs send none. Pure.
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

  /// Whether a request with these Origin and Host headers may be served. The scheme is not compared for the server's
  /// own origin: a proxy may have terminated TLS.
  bool allows(std::optional<std::string_view> origin, std::string_view host) const;

  /// The CORS headers that let an allowed page of another origin read the answer (Fetch standard, "CORS protocol");
  /// empty for the server's own origin.
  std::string headers(std::optional<std::string_view> origin, std::string_view host) const;

 private:
  std::vector<std::string> allowed_;
};

}  // namespace server
