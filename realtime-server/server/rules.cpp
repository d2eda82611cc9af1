#include "realtime-server/server/rules.hpp"

namespace server {
namespace {

struct Appender {
  std::string* out;
  const Values* values;

  void text(std::string_view json) const { *out += json; }
  void argument(std::size_t index) const { *out += values->args[index]; }
  void auth() const { *out += values->auth.empty() ? std::string_view{"{}"} : values->auth; }
};

}  // namespace

void Template::append(std::string& out, const Values& values) const {
  visit(values.args.size(), Appender{&out, &values});
}

void Action::append_payload(std::string& out, const Values& values) const {
  out += '[';
  out += event;
  const auto begin = out.size();
  if (!event.empty()) out += ',';
  const auto first = out.size();
  args.append(out, values);
  if (out.size() == first) out.resize(begin);
  out += ']';
}

void TemplateBuilder::begin_value() {
  if (has_value_) text(",");
  has_value_ = true;
}

void TemplateBuilder::text(std::string_view json) {
  if (pieces_.empty() || pieces_.back().type != PieceType::kText) pieces_.push_back({});
  pieces_.back().text += json;
}

void TemplateBuilder::all_arguments() {
  // Before the first other value the list may still be empty, so the comma belongs to the arguments' far side. Several
  // of these in a row are empty together.
  pieces_.push_back({.type = PieceType::kAllArguments, .commas = has_value_ ? Commas::kBefore : Commas::kAfter});
}

Template TemplateBuilder::finish() {
  if (!has_value_ && !pieces_.empty()) pieces_.back().commas = Commas::kBetween;
  Template made;
  made.pieces_ = std::move(pieces_);
  return made;
}

}  // namespace server
