#include "tests/support/scripted_server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace support {
namespace {

void require(bool holds) {
  if (!holds) throw std::runtime_error{"a scripted server cannot be set up"};
}

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* value) const {
    kFree(value);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Context = std::shared_ptr<SSL_CTX>;

/// A certificate for this machine that vouches for itself.
std::pair<Key, Certificate> make_certificate(int number) {
  Key key{EVP_EC_gen("P-256")};
  Certificate certificate{X509_new()};
  auto* made = certificate.get();
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), number);
  X509_gmtime_adj(X509_getm_notBefore(made), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made), 86'400);
  X509_set_pubkey(made, key.get());
  const auto name = fmt::format("authority {}", number);
  auto* subject = X509_get_subject_name(made);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(made, subject);
  for (const auto& [kind, value] : {std::pair{NID_subject_alt_name, "IP:127.0.0.1,IP:::1,DNS:api.example"},
                                    std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(made, extension, -1);
    X509_EXTENSION_free(extension);
  }
  require(X509_sign(made, key.get(), EVP_sha256()) > 0);
  return {std::move(key), std::move(certificate)};
}

std::string pem(X509* certificate) {
  const std::unique_ptr<BIO, Freed<BIO_free_all>> memory{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(memory.get(), certificate);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

class Connection final : public ScriptedReply {
 public:
  /// Without a context it speaks plain HTTP.
  Connection(int fd, SSL_CTX* context, const std::atomic<bool>& ending)
      : fd_{fd}, ending_{ending}, ssl_{context == nullptr ? nullptr : SSL_new(context)} {
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (ssl_ != nullptr) SSL_set_fd(ssl_, fd_);
  }
  ~Connection() override {
    SSL_free(ssl_);
    close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool greet() { return ssl_ == nullptr || SSL_accept(ssl_) == 1; }
  bool is_open() const { return open_; }
  /// Ends what another thread waits for.
  void shut() const { shutdown(fd_, SHUT_RDWR); }

  bool raw(std::string_view bytes) override {
    if (!(ssl_ == nullptr ? send_all(bytes) : SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0))
      open_ = false;
    return open_;
  }
  void cut() override {
    open_ = false;
    shut();
  }
  void hold() override {
    char byte = 0;
    while (!ending_ && receive(&byte, 1) > 0) {
    }
    open_ = false;
  }

  /// The next request; false when there is none.
  bool read(ScriptedRequest& request) {
    std::string head;
    if (!fill(head, [&] { return head.find("\r\n\r\n") != std::string::npos; })) return false;
    const auto end = head.find("\r\n\r\n");
    request.body = head.substr(end + 4);
    parse(head.substr(0, end), request);
    std::size_t length = 0;
    const auto& text = request.headers["content-length"];
    std::from_chars(text.data(), text.data() + text.size(), length);
    return fill(request.body, [&] { return request.body.size() >= length; });
  }

 private:
  template <class Enough>
  bool fill(std::string& text, Enough enough) {
    std::array<char, 4096> buffer{};
    while (!enough()) {
      const auto count = receive(buffer.data(), buffer.size());
      if (count <= 0) return false;
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return true;
  }

  ssize_t receive(char* bytes, std::size_t size) {
    return ssl_ == nullptr ? recv(fd_, bytes, size, 0) : SSL_read(ssl_, bytes, static_cast<int>(size));
  }

  bool send_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  static void parse(const std::string& head, ScriptedRequest& request) {
    std::size_t at = head.find("\r\n");
    const auto line = head.substr(0, at);
    const auto space = line.find(' ');
    request.method = line.substr(0, space);
    request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
    while (at != std::string::npos) {
      const auto next = head.find("\r\n", at + 2);
      auto field = head.substr(at + 2, next == std::string::npos ? next : next - at - 2);
      const auto colon = field.find(": ");
      auto name = field.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      request.headers[name] = field.substr(colon + 2);
      at = next;
    }
  }

  int fd_;
  const std::atomic<bool>& ending_;
  SSL* ssl_;
  std::atomic<bool> open_ = true;
};

}  // namespace

void ScriptedReply::answer(int status, std::string_view body, std::string_view more_headers) {
  raw(fmt::format("HTTP/1.1 {} Scripted\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", status,
                  body.size(), more_headers, body));
}

void ScriptedReply::begin_stream() {
  raw("HTTP/1.1 200 Scripted\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
}

struct ScriptedServer::State {
  State(Script wanted, Address address, Scheme scheme)
      : script{std::move(wanted)},
        fd{socket(address == Address::kIpv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    if (scheme == Scheme::kHttps) change_authority();
    sockaddr_in ipv4{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
    sockaddr_in6 ipv6{AF_INET6, 0, 0, IN6ADDR_LOOPBACK_INIT, 0};
    auto* own = address == Address::kIpv6 ? reinterpret_cast<sockaddr*>(&ipv6) : reinterpret_cast<sockaddr*>(&ipv4);
    socklen_t size = address == Address::kIpv6 ? sizeof ipv6 : sizeof ipv4;
    require(bind(fd, own, size) == 0);
    require(listen(fd, 16) == 0);
    getsockname(fd, own, &size);
    const int port = ntohs(address == Address::kIpv6 ? ipv6.sin6_port : ipv4.sin_port);
    url = fmt::format("{}://{}:{}", scheme == Scheme::kHttps ? "https" : "http",
                      address == Address::kIpv6 ? "[::1]" : "127.0.0.1", port);
    accepting = std::jthread{[this] { accept_all(); }};
  }

  ~State() {
    ending = true;
    shutdown(fd, SHUT_RDWR);
    accepting.join();
    {
      const std::lock_guard lock{mutex};
      for (const auto& connection : connections) connection->shut();
    }
    threads.clear();
    close(fd);
  }

  void change_authority() {
    const auto [key, certificate] = make_certificate(++authorities);
    Context made{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    require(SSL_CTX_use_certificate(made.get(), certificate.get()) == 1);
    require(SSL_CTX_use_PrivateKey(made.get(), key.get()) == 1);
    const std::lock_guard lock{mutex};
    context = std::move(made);
    authority = pem(certificate.get());
  }

  void accept_all() {
    while (!ending) {
      const int peer = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) continue;
      const std::lock_guard lock{mutex};
      auto connection = std::make_shared<Connection>(peer, context.get(), ending);
      connections.push_back(connection);
      const int number = static_cast<int>(connections.size());
      threads.emplace_back([this, connection, number, kept = context] { serve(*connection, number); });
    }
  }

  void serve(Connection& connection, int number) {
    if (!connection.greet()) return;
    ScriptedRequest request;
    while (!ending && connection.is_open() && connection.read(request)) {
      request.connection = number;
      request.at = std::chrono::steady_clock::now();
      {
        const std::lock_guard lock{mutex};
        requests.push_back(request);
      }
      script(request, connection);
      request = {};
    }
    connection.shut();
  }

  const Script script;
  const int fd;
  std::string url;
  std::atomic<bool> ending = false;
  mutable std::mutex mutex;
  int authorities = 0;
  Context context;
  std::string authority;
  std::vector<ScriptedRequest> requests;
  std::vector<std::shared_ptr<Connection>> connections;
  std::list<std::jthread> threads;
  std::jthread accepting;
};

ScriptedServer::ScriptedServer(Script script, Address address, Scheme scheme)
    : state_{std::make_unique<State>(std::move(script), address, scheme)} {}
ScriptedServer::~ScriptedServer() = default;

std::string ScriptedServer::url() const { return state_->url; }

std::string ScriptedServer::authority() const {
  const std::lock_guard lock{state_->mutex};
  return state_->authority;
}

void ScriptedServer::change_authority() { state_->change_authority(); }

std::vector<ScriptedRequest> ScriptedServer::requests() const {
  const std::lock_guard lock{state_->mutex};
  return state_->requests;
}

}  // namespace support
