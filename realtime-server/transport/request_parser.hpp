// Reads one request with Beast's parser, which is fed by hand, and describes it without Beast's types. Owned by a
// connection; one loop thread only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "realtime-server/transport/context.hpp"
#include "realtime-server/transport/http.hpp"

namespace transport {

class RequestParser {
 public:
  enum class Progress : std::uint8_t {
    kIncomplete,  ///< more bytes must come
    kDone,        ///< the head, or the body, is complete
    kRefused,     ///< see fault()
  };
  /// The answer to a request that is refused.
  struct Fault {
    int status = 0;
    std::string why{};
  };

  /// `peer` is the client, or the proxy that forwards its requests.
  RequestParser(const Limits& limits, const TrustedProxies& trusted, const loop::IpAddress& peer);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Parses the head at the front of `bytes` once it is complete, and removes it from there.
  Progress parse_head(std::string_view& bytes);
  /// The same for the body, of which it takes every part that has arrived. Sets the request's body when it is complete.
  Progress parse_body(std::string_view& bytes);

  /// What is known so far; the views are valid as long as the parser.
  const Request& request() const { return request_; }
  /// Once the head is complete: whether a body follows.
  bool has_body() const { return !parser_.is_done(); }
  bool keep_alive() const { return parser_.keep_alive(); }
  /// Whether the client waits for 100 (Continue) before it sends the body.
  bool expects_continue() const;
  const Fault& fault() const { return fault_; }
  /// What it has kept of the client's bytes.
  std::size_t memory() const;

 private:
  using Message = boost::beast::http::request<boost::beast::http::string_body>;

  Progress refuse(int status, std::string why);
  void describe(const TrustedProxies& trusted, const loop::IpAddress& peer);

  const Limits& limits_;
  const TrustedProxies& trusted_;
  const loop::IpAddress& peer_;
  boost::beast::http::request_parser<boost::beast::http::string_body> parser_;
  Request request_;
  Fault fault_;
  std::size_t head_bytes_ = 0;  ///< that were taken
  std::size_t head_lines_ = 0;
};

}  // namespace transport
