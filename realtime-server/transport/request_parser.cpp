#include "realtime-server/transport/request_parser.hpp"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace transport {

namespace http = boost::beast::http;

namespace {

/// What Beast allocates for a field beside its text, about.
constexpr std::size_t kFieldOverhead = 96;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::kGet;
    case http::verb::head:
      return Method::kHead;
    case http::verb::post:
      return Method::kPost;
    case http::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

/// A valid Host: a name or an address, and a port (RFC 3986, section 3.2).
bool is_authority(std::string_view text) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view{"-._~!$&'()*+,;=:[]%"}.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

/// Why a head that Beast accepts is invalid; empty if it is valid. A request that two servers may interpret differently
/// is refused (RFC 9112, sections 3.2 and 6.1).
std::string_view fault_of(const http::fields& fields, unsigned version) {
  const auto hosts = fields.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && version >= 11)) return "a request must have exactly one Host\n";
  if (hosts == 1 && !is_authority(view(fields[http::field::host]))) return "invalid Host\n";
  const auto encodings = fields.count(http::field::transfer_encoding);
  if (encodings == 0) return {};
  if (version < 11) return "HTTP/1.0 has no Transfer-Encoding\n";
  if (encodings > 1 || !boost::beast::iequals(fields[http::field::transfer_encoding], "chunked"))
    return "the only supported Transfer-Encoding is chunked\n";
  return {};
}

/// Whether a list that may take several lines has an element (RFC 9110, section 5.3).
bool has_token(const http::fields& fields, http::field name, std::string_view token) {
  const auto [first, last] = fields.equal_range(name);
  return std::any_of(first, last, [token](const auto& line) {
    return http::token_list{line.value()}.exists({token.data(), token.size()});
  });
}

/// The first element of a list; empty if there is none.
std::string_view first_token(const http::fields& fields, std::string_view name) {
  const auto [first, last] = fields.equal_range(boost::beast::string_view{name.data(), name.size()});
  for (auto line = first; line != last; ++line) {
    const http::token_list tokens{line->value()};
    if (tokens.begin() != tokens.end()) return view(*tokens.begin());
  }
  return {};
}

/// The first element of a list whose elements are no tokens, of the first line; empty if there is none.
std::string_view first_element(const http::fields& fields, std::string_view name) {
  auto text = view(fields[boost::beast::string_view{name.data(), name.size()}]);
  text = text.substr(0, text.find(','));
  const auto end = text.find_last_not_of(" \t");
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

/// Removes `scheme://authority` from a target in absolute form, and returns the authority, which replaces Host
/// (RFC 9112, section 3.2.2). Nothing if the target has another form.
std::optional<std::string_view> take_authority(std::string_view& target) {
  for (const std::string_view scheme : {"http://", "https://", "ws://", "wss://"}) {
    if (!boost::beast::iequals({target.data(), std::min(scheme.size(), target.size())}, {scheme.data(), scheme.size()}))
      continue;
    target.remove_prefix(scheme.size());
    const auto authority = target.substr(0, target.find_first_of("/?"));
    target.remove_prefix(authority.size());
    return authority;
  }
  return std::nullopt;
}

}  // namespace

RequestParser::RequestParser(const Limits& limits, const TrustedProxies& trusted, const loop::IpAddress& peer)
    : limits_{limits}, trusted_{trusted}, peer_{peer} {
  parser_.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser_.body_limit(limits.max_payload);
}

RequestParser::Progress RequestParser::refuse(int status, std::string why) {
  fault_ = {status, std::move(why)};
  return Progress::kRefused;
}

RequestParser::Progress RequestParser::parse_head(std::string_view& bytes) {
  boost::system::error_code error;
  const auto taken = parser_.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  // Beast takes whole lines as they come, and limits only what it leaves.
  head_bytes_ += taken;
  head_lines_ += static_cast<std::size_t>(std::count(bytes.begin(), bytes.begin() + taken, '\n'));
  bytes.remove_prefix(taken);
  const bool is_whole = error != http::error::need_more;
  if (error == http::error::header_limit || head_bytes_ + (is_whole ? 0 : bytes.size()) > limits_.header_bytes)
    return refuse(431, "the headers are too large; see limits.headerBytes\n");
  if (!is_whole) return Progress::kIncomplete;
  // The head is complete, but for one that is invalid. So an allowed page may read the answer.
  const bool too_much = error == http::error::body_limit;
  if (error && !too_much) return refuse(400, error.message() + "\n");
  const auto& fields = parser_.get().base();
  describe(trusted_, peer_);
  if (const auto fault = fault_of(fields, fields.version()); !fault.empty()) return refuse(400, std::string{fault});
  if (too_much) return refuse(413, "the body is larger than maxPayload\n");
  if (const auto& host = request_.host; !host.empty() && !is_authority(host)) return refuse(400, "invalid Host\n");
  return Progress::kDone;
}

RequestParser::Progress RequestParser::parse_body(std::string_view& bytes) {
  boost::system::error_code error;
  while (!bytes.empty() && !parser_.is_done() && !error) {
    const auto taken = parser_.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(taken);
    if (taken == 0) break;
  }
  // The parser does not limit what stands between chunks; limit it here.
  const bool too_long = error == http::error::need_more && bytes.size() > limits_.header_bytes;
  if (error == http::error::body_limit) return refuse(413, "the body is larger than maxPayload\n");
  if (too_long || (error && error != http::error::need_more)) return refuse(400, error.message() + "\n");
  if (!parser_.is_done()) return Progress::kIncomplete;
  request_.body = parser_.get().body();
  return Progress::kDone;
}

/// Extracts what the server needs from a parsed head.
void RequestParser::describe(const TrustedProxies& trusted, const loop::IpAddress& peer) {
  const auto& message = parser_.get();
  const http::fields& fields = message;
  auto& request = request_;
  request.method = method_of(message.method());
  auto target = view(message.target());
  const auto authority = take_authority(target);
  request.path = target.substr(0, target.find('?'));
  request.query = request.path.size() < target.size() ? target.substr(request.path.size() + 1) : std::string_view{};
  if (authority && request.path.empty()) request.path = "/";
  request.host = authority ? *authority : view(fields[http::field::host]);
  request.address = peer;
  if (const auto origin = fields.find(http::field::origin); origin != fields.end())
    request.origin = view(origin->value());
  request.content_type = view(fields[http::field::content_type]);
  request.cookies = view(fields[http::field::cookie]);
  request.preflight_wants = view(fields[http::field::access_control_request_headers]);
  request.wants_websocket = message.version() >= 11 && has_token(fields, http::field::upgrade, "websocket") &&
                            has_token(fields, http::field::connection, "upgrade");
  request.websocket_key = view(fields[http::field::sec_websocket_key]);
  request.websocket_version = view(fields[http::field::sec_websocket_version]);
  request.subprotocol = first_token(fields, "Sec-WebSocket-Protocol");
  if (!trusted.trusts(peer)) return;
  std::vector<std::string_view> forwarded;
  const auto [first, last] = fields.equal_range("X-Forwarded-For");
  for (auto line = first; line != last; ++line) forwarded.push_back(view(line->value()));
  request.address = trusted.client_of(peer, forwarded);
  if (const auto host = first_element(fields, "X-Forwarded-Host"); !host.empty()) request.host = host;
  const auto proto = first_element(fields, "X-Forwarded-Proto");
  const auto is = [proto](std::string_view scheme) {
    return boost::beast::iequals({proto.data(), proto.size()}, {scheme.data(), scheme.size()});
  };
  if (is("https") || is("wss")) request.secure = true;
  if (is("http") || is("ws")) request.secure = false;
}

bool RequestParser::expects_continue() const {
  return boost::beast::iequals(parser_.get()[http::field::expect], "100-continue");
}

std::size_t RequestParser::memory() const {
  return head_bytes_ + head_lines_ * kFieldOverhead + parser_.get().body().size();
}

}  // namespace transport
