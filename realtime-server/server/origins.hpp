// Which web pages may connect: browsers send the page's origin, other programs send none. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "realtime-server/transport/http.hpp"

namespace server {

/// An origin as the URL standard compares it: in lower case, without the scheme's own port, ws as http and wss as
/// https. What is no scheme, host and port, such as "null", only in lower case.
std::string canonical_origin(std::string_view origin);

class Origins {
 public:
  /// None: the server's own origin only; "*": any; else these. `credentials` says whether pages may send cookies and
  /// authentication; without it, those of listed origins may, and with "*" none.
  explicit Origins(const std::vector<std::string>& allowed, std::optional<bool> credentials = std::nullopt);

  /// Whether a request may be served: that of a program, of a page of the server's own origin, or of an allowed one.
  /// The own origin is that of Host; its scheme is compared only if a trusted proxy tells it, because a proxy may have
  /// terminated TLS.
  bool allows(const transport::Request& request) const;

  /// Whether a page of another origin sends the request.
  static bool is_cross_origin(const transport::Request& request);

  /// The CORS headers that let an allowed page of another origin read the answer (Fetch standard, "CORS protocol");
  /// empty for the server's own origin.
  std::string headers(const transport::Request& request) const;

  /// Those of the answer to a preflight request, in addition: its page may send every header that it asks for.
  static std::string preflight_headers(const transport::Request& request);

 private:
  bool allows_other(std::string_view origin) const;

  std::vector<std::string> allowed_;
  bool allows_all_ = false;
  bool credentials_ = true;
};

}  // namespace server
