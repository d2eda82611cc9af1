#include "tests/bench/generator/protocol.hpp"

namespace bench {

namespace {

class SocketIo final : public Protocol {
 public:
  std::string_view target() const override { return "/socket.io/?EIO=4&transport=websocket"; }
  std::string_view hello() const override { return {}; }
  Meaning meaning(std::string_view message) const override {
    if (message == "2") return Meaning::kAlive;
    if (message.starts_with('0')) return Meaning::kOpened;
    if (message.starts_with("40")) return Meaning::kJoined;
    if (message.starts_with("44")) return Meaning::kRefused;
    return Meaning::kOther;
  }
  std::string_view join() const override { return "40"; }
  std::string_view pong() const override { return "3"; }
  std::string_view id_mark() const override { return R"("sid":")"; }

  std::string publish(std::string_view text) const override {
    return R"(42["message",")" + std::string(text) + R"("])";
  }
  std::string_view received_head() const override { return R"(42["response",{"echo":")"; }
  std::string received_tail(std::string_view /*publisher_id*/) const override { return R"("}])"; }

  std::string ask(std::int64_t number, std::string_view text) const override {
    return "42" + std::to_string(number) + R"(["ask",")" + std::string(text) + R"("])";
  }
  std::string_view answer_head() const override { return "43"; }
  std::string answer_tail(std::string_view text) const override { return "[\"" + std::string(text) + "\"]"; }
};

/// Its own protocol, version 2, as JSON. What a client publishes is passed on as it is, with the publisher's id. An
/// acknowledged event is a publication to a channel that nobody reads; the text does not come back.
class Centrifugo final : public Protocol {
 public:
  std::string_view target() const override { return "/connection/websocket"; }
  std::string_view hello() const override { return R"({"id":1,"connect":{}})"; }
  Meaning meaning(std::string_view message) const override {
    if (message == "{}") return Meaning::kAlive;
    if (message.starts_with(R"({"id":1,"connect")")) return Meaning::kOpened;
    if (message.starts_with(R"({"id":2,"subscribe")")) return Meaning::kJoined;
    if (message.starts_with(R"({"id":1,"error")") || message.starts_with(R"({"id":2,"error")"))
      return Meaning::kRefused;
    return Meaning::kOther;
  }
  std::string_view join() const override { return R"({"id":2,"subscribe":{"channel":"everyone"}})"; }
  std::string_view pong() const override { return "{}"; }
  std::string_view id_mark() const override { return R"("client":")"; }

  std::string publish(std::string_view text) const override {
    return R"({"id":3,"publish":{"channel":"everyone","data":{"echo":")" + std::string(text) + R"("}}})";
  }
  std::string_view received_head() const override { return R"({"push":{"channel":"everyone","pub":{"data":{"echo":")"; }
  std::string received_tail(std::string_view publisher_id) const override {
    return R"("},"info":{"user":"","client":")" + std::string(publisher_id) + R"("}}}})";
  }

  std::string ask(std::int64_t number, std::string_view text) const override {
    return R"({"id":)" + std::to_string(number) + R"(,"publish":{"channel":"nobody","data":")" + std::string(text) +
           R"("}})";
  }
  std::string_view answer_head() const override { return R"({"id":)"; }
  std::string answer_tail(std::string_view /*text*/) const override { return R"(,"publish":{}})"; }
};

}  // namespace

const Protocol* find_protocol(std::string_view name) {
  static const SocketIo kSocketIo;
  static const Centrifugo kCentrifugo;
  if (name == "socket.io") return &kSocketIo;
  if (name == "centrifugo") return &kCentrifugo;
  return nullptr;
}

}  // namespace bench
