// The declared rules of the server, compiled: the actions for a connect and for each event, and templates that are
// filled by appending pieces of JSON without parsing. Created once from the configuration, then read by every shard.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace server {

enum class PieceType : std::uint8_t {
  kText,          ///< JSON text
  kArgument,      ///< one argument, null if the event has fewer
  kAllArguments,  ///< all arguments, separated by commas
  kAuth,          ///< the auth object of CONNECT
};

/// Where commas belong at kAllArguments, so that the list is valid for any number of arguments.
enum class Commas : std::uint8_t { kBetween, kBefore, kAfter };

struct Piece {
  PieceType type = PieceType::kText;
  Commas commas = Commas::kBetween;  ///< of kAllArguments
  std::size_t index = 0;             ///< of kArgument, from zero
  std::string text;                  ///< of kText
};

/// A list of JSON values with places to fill.
class Template {
 public:
  /// Visits the parts of the values, separated by commas and without brackets; nothing if there are none. Calls
  /// `visitor.text(std::string_view)`, `visitor.argument(std::size_t)` with an index below `arguments`, the number of
  /// the event's arguments, and `visitor.auth()`.
  template <class Visitor>
  void visit(std::size_t arguments, Visitor&& visitor) const;

 private:
  friend class TemplateBuilder;
  std::vector<Piece> pieces_;
};

/// Builds a Template, value by value: each is `begin_value` and its pieces in order, or `all_arguments`.
class TemplateBuilder {
 public:
  void begin_value();
  void text(std::string_view json);
  void argument(std::size_t index) { pieces_.push_back({.type = PieceType::kArgument, .index = index}); }
  void auth() { pieces_.push_back({.type = PieceType::kAuth}); }
  void all_arguments();
  Template finish();

 private:
  std::vector<Piece> pieces_;
  bool has_value_ = false;  ///< the list is not empty for any number of arguments
};

enum class ActionType : std::uint8_t {
  kEmit,         ///< to the sender
  kBroadcast,    ///< to every client of the namespace on all replicas, including the sender
  kAcknowledge,  ///< answers the event's acknowledgement, if it asked for one
};

struct ActionTypeName {
  ActionType type;
  std::string_view name;
};
inline constexpr std::array<ActionTypeName, 3> kActionTypes{
    {{ActionType::kEmit, "Emit"}, {ActionType::kBroadcast, "Broadcast"}, {ActionType::kAcknowledge, "Acknowledge"}}};

struct Action {
  ActionType type = ActionType::kEmit;
  std::string event;  ///< a JSON string with its quotes; empty for kAcknowledge
  Template args;
};

/// A map by name that looks up a std::string_view without a copy.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
};
template <class T>
using ByName = std::unordered_map<std::string, T, NameHash, std::equal_to<>>;

struct NamespaceRules {
  std::vector<Action> on_connect;      ///< after the answer to CONNECT; no arguments, no acknowledgement
  ByName<std::vector<Action>> events;  ///< by the event's name, unescaped and without quotes
};

/// The namespaces of the server.
using Rules = std::map<std::string, NamespaceRules, std::less<>>;

template <class Visitor>
void Template::visit(std::size_t arguments, Visitor&& visitor) const {
  for (const auto& piece : pieces_) {
    switch (piece.type) {
      case PieceType::kText:
        visitor.text(std::string_view{piece.text});
        break;
      case PieceType::kAuth:
        visitor.auth();
        break;
      case PieceType::kArgument:
        if (piece.index < arguments) {
          visitor.argument(piece.index);
        } else {
          visitor.text(std::string_view{"null"});
        }
        break;
      case PieceType::kAllArguments:
        for (std::size_t i = 0; i < arguments; ++i) {
          if (piece.commas == Commas::kBefore) visitor.text(std::string_view{","});
          visitor.argument(i);
          if (piece.commas == Commas::kAfter || (piece.commas == Commas::kBetween && i + 1 < arguments))
            visitor.text(std::string_view{","});
        }
        break;
    }
  }
}

}  // namespace server
