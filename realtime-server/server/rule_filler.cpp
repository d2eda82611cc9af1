#include "realtime-server/server/rule_filler.hpp"

#include <algorithm>
#include <array>

namespace server {
namespace {

constexpr std::array<std::string_view, socketio::kMaxAttachments> kPlaceholders{
    R"({"_placeholder":true,"num":0})", R"({"_placeholder":true,"num":1})", R"({"_placeholder":true,"num":2})",
    R"({"_placeholder":true,"num":3})", R"({"_placeholder":true,"num":4})", R"({"_placeholder":true,"num":5})",
    R"({"_placeholder":true,"num":6})", R"({"_placeholder":true,"num":7})", R"({"_placeholder":true,"num":8})",
    R"({"_placeholder":true,"num":9})"};

}  // namespace

Filled RuleFiller::fill(const Template& pattern, const socketio::Assembled& event) {
  event_ = &event;
  pieces_.clear();
  attachments_.clear();
  numbers_.fill(-1);
  struct Visitor {
    RuleFiller& filler;
    void text(std::string_view json) { filler.pieces_.push_back(json); }
    void argument(std::size_t index) { filler.put_argument(index); }
    void auth() {
      const auto auth = filler.event_->packet->auth;
      filler.pieces_.push_back(auth.empty() ? std::string_view{"{}"} : auth);
    }
  };
  pattern.visit(event.packet->args.size(), Visitor{*this});
  return {pieces_, attachments_};
}

/// Appends an argument, with its placeholders renumbered for the new packet.
void RuleFiller::put_argument(std::size_t index) {
  const auto& packet = *event_->packet;
  const auto argument = packet.args[index];
  if (packet.placeholders.empty()) return pieces_.push_back(argument);
  const auto begin = static_cast<std::size_t>(argument.data() - event_->text.data());
  const auto end = begin + argument.size();
  auto at = begin;
  const auto is_before = [](const auto& placeholder, std::size_t place) { return placeholder.begin < place; };
  for (auto placeholder = std::lower_bound(packet.placeholders.begin(), packet.placeholders.end(), begin, is_before);
       placeholder != packet.placeholders.end() && placeholder->end <= end; ++placeholder) {
    pieces_.push_back(event_->text.substr(at, placeholder->begin - at));
    auto& number = numbers_.at(placeholder->num);
    if (number < 0) {
      number = static_cast<std::int8_t>(attachments_.size());
      attachments_.push_back(event_->attachments[placeholder->num]);
    }
    pieces_.push_back(kPlaceholders.at(static_cast<std::size_t>(number)));
    at = placeholder->end;
  }
  pieces_.push_back(event_->text.substr(at, end - at));
}

}  // namespace server
