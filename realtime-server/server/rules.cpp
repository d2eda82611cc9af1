#include "realtime-server/server/rules.hpp"

namespace server {

void TemplateBuilder::begin_value() {
  if (has_value_) text(",");
  has_value_ = true;
}

void TemplateBuilder::text(std::string_view json) {
  if (pieces_.empty() || pieces_.back().type != PieceType::kText) pieces_.push_back({});
  pieces_.back().text += json;
}

void TemplateBuilder::all_arguments() {
  // Before the first other value the list may still be empty, so the comma follows the arguments. Several of these in a
  // row are all empty or all not.
  pieces_.push_back({.type = PieceType::kAllArguments, .commas = has_value_ ? Commas::kBefore : Commas::kAfter});
}

Template TemplateBuilder::finish() {
  if (!has_value_ && !pieces_.empty()) pieces_.back().commas = Commas::kBetween;
  Template built;
  built.pieces_ = std::move(pieces_);
  return built;
}

}  // namespace server
