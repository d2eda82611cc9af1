#include "operator/kube/transfer.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

namespace kube {
namespace {

constexpr long kConnectTimeoutMs = 10'000;
constexpr long kKeepAliveSeconds = 30;

void check(CURLcode code) {
  if (code != CURLE_OK)
    throw std::runtime_error(fmt::format("libcurl refuses an option: {}", curl_easy_strerror(code)));
}

curl_blob blob(const std::string& text) {
  // The text outlives the transfer, so curl need not copy it; its interface takes a pointer to non-const all the same.
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
}

/// The proxy as curl is to be told: with socks5 it would look the server's name up here, where it may not be known.
std::string proxy_of(const ClientConfig& config) {
  static constexpr std::string_view kSocks = "socks5://";
  const auto& url = config.proxy_url;
  return url.starts_with(kSocks) ? "socks5h://" + url.substr(kSocks.size()) : url;
}

}  // namespace

bool curl_is_ready() {
  static const bool kReady = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return kReady;
}

Transfer::Transfer(HttpRequest wanted, Delivery as_wanted, IdentityPtr as, std::function<void()> when_changed)
    : request{std::move(wanted)},
      delivery{as_wanted},
      identity{std::move(as)},
      easy{curl_easy_init()},
      on_change{std::move(when_changed)} {
  if (easy == nullptr) throw std::bad_alloc{};
}

Transfer::~Transfer() {
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers_);
  curl_slist_free_all(connect_to_);
}

void Transfer::prepare(const ClientConfig& config) {
  prepare_server(config);
  prepare_identity();
  check(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str()));
  if (!request.content_type.empty()) prepare_body();
  headers_ = curl_slist_append(headers_, "Accept: application/json");
  headers_ = curl_slist_append(headers_, "Expect:");
  check(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_));
  check(curl_easy_setopt(easy, CURLOPT_USERAGENT, "realtime-operator"));
  check(curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ""));
  check(curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1));
  check(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
  check(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs));
  check(curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L));
  check(curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds));
  check(curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds));
  if (delivery == Delivery::kWhole)
    check(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count())));
  check(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body));
  check(curl_easy_setopt(easy, CURLOPT_WRITEDATA, this));
  check(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header));
  check(curl_easy_setopt(easy, CURLOPT_HEADERDATA, this));
  check(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_));
  check(curl_easy_setopt(easy, CURLOPT_PRIVATE, this));
}

/// On a connection that was used before, curl repeats a request that got no answer, but a POST may have been carried
/// out (RFC 9110, section 9.2.2). Its body is handed out by a callback that cannot go back, so that the repetition
/// fails before anything of it is sent: CURLE_SEND_FAIL_REWIND.
void Transfer::prepare_body() {
  headers_ = curl_slist_append(headers_, ("Content-Type: " + request.content_type).c_str());
  check(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size())));
  if (request.method != "POST") {
    check(curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data()));
    return;
  }
  check(curl_easy_setopt(easy, CURLOPT_POST, 1L));
  check(curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Transfer::on_send));
  check(curl_easy_setopt(easy, CURLOPT_READDATA, this));
}

std::size_t Transfer::on_send(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto sent = transfer.request.body.copy(bytes, size * count, transfer.handed_out_);
  transfer.handed_out_ += sent;
  return sent;
}

void Transfer::prepare_server(const ClientConfig& config) {
  auto url = config.server;
  while (url.ends_with('/')) url.pop_back();
  if (!config.tls_server_name.empty()) {
    // curl checks the certificate against the URL's host, so the expected name goes there, and the address is passed
    // separately.
    const auto scheme = url.find("://");
    const auto address = url.substr(scheme == std::string::npos ? 0 : scheme + 3);
    const auto port_at = address.rfind(':');
    const bool has_port = port_at != std::string::npos && address.find(']', port_at) == std::string::npos;
    const auto port = has_port ? address.substr(port_at + 1) : std::string{"443"};
    const auto host = has_port ? address.substr(0, port_at) : address;
    connect_to_ = curl_slist_append(connect_to_, fmt::format("::{}:{}", host, port).c_str());
    check(curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to_));
    url = fmt::format("https://{}:{}", config.tls_server_name, port);
  }
  check(curl_easy_setopt(easy, CURLOPT_URL, (url + request.target).c_str()));
  check(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http"));
  // An empty proxy would keep curl from those of the environment.
  if (!config.proxy_url.empty()) check(curl_easy_setopt(easy, CURLOPT_PROXY, proxy_of(config).c_str()));
  if (config.insecure_skip_tls_verify) {
    check(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L));
    check(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L));
  }
}

void Transfer::prepare_identity() {
  if (!identity->ca.empty()) {
    auto trusted = blob(identity->ca);
    check(curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &trusted));
  }
  if (!identity->certificate.empty()) {
    auto certificate = blob(identity->certificate);
    auto key = blob(identity->key);
    check(curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate));
    check(curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key));
  }
  if (!identity->token.empty())
    headers_ = curl_slist_append(headers_, ("Authorization: Bearer " + identity->token).c_str());
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::lock_guard lock{transfer.mutex};
  if (transfer.status == 0) curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &transfer.status);
  if (transfer.in_pieces() && transfer.received.size() >= Transport::kMaxStreamBacklog) {
    transfer.paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (transfer.received.size() + size * count > Transport::kMaxAnswerBytes) {
    transfer.too_large = true;
    return 0;
  }
  const bool is_news = transfer.in_pieces() && transfer.received.empty();
  transfer.received.append(bytes, size * count);
  if (transfer.round != nullptr) {
    transfer.round->bytes += size * count;
    auto& told = transfer.round->told;
    if (is_news && std::find(told.begin(), told.end(), &transfer) == told.end()) told.push_back(&transfer);
  }
  return size * count;
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line{bytes, size * count};
  static constexpr std::string_view kName = "retry-after:";
  const bool matches = line.size() > kName.size() && curl_strnequal(line.data(), kName.data(), kName.size()) != 0;
  if (matches) {
    auto value = line.substr(kName.size());
    while (value.starts_with(' ')) value.remove_prefix(1);
    int seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc{} && seconds >= 0) transfer.retry_after = std::chrono::seconds{seconds};
  }
  return size * count;
}

void Transfer::tell() {
  const std::lock_guard lock{mutex};
  if (on_change) on_change();
}

void Transfer::finish(CURLcode code) {
  const std::lock_guard lock{mutex};
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  outcome = code;
  problem = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  done = true;
  if (on_change) on_change();
}

bool Transfer::in_pieces() const { return delivery == Delivery::kInPieces && status == 200; }

}  // namespace kube
