// The declared logic of the server, compiled: which actions follow a connect and which an event, and templates that are
// filled by appending pieces of JSON, without parsing any. Made once from the configuration, then read by every shard.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace server {

/// What a template is filled with: JSON as it stands in the packet, valid as long as the caller keeps that.
struct Values {
  std::span<const std::string_view> args;  ///< of the event
  std::string_view auth;                   ///< of CONNECT; empty stands for {}
};

enum class PieceType : std::uint8_t {
  kText,          ///< JSON text
  kArgument,      ///< one argument, null if the event has fewer
  kAllArguments,  ///< all arguments, separated by commas
  kAuth,          ///< the auth object of CONNECT
};

/// Where commas stand at kAllArguments, so that none is too many whatever the number of arguments.
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
  std::span<const Piece> pieces() const { return pieces_; }

  /// Appends the values separated by commas, without brackets; nothing at all if there is none.
  void append(std::string& out, const Values& values) const;

  /// Goes through what `append` would append, for who has to treat arguments apart, as those with attachments, whose
  /// placeholders count anew. Calls `visitor.text(std::string_view)`, `visitor.argument(std::size_t)` with an index
  /// below `arguments`, the number of the event's arguments, and `visitor.auth()`.
  template <class Visitor>
  void visit(std::size_t arguments, Visitor&& visitor) const;

 private:
  friend class TemplateBuilder;
  std::vector<Piece> pieces_;
};

/// Makes a Template, value after value: each is `begin_value` and its pieces in order, or `all_arguments`.
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
  bool has_value_ = false;  ///< so that the list is not empty whatever the arguments
};

enum class ActionType : std::uint8_t {
  kEmit,         ///< to the sender
  kBroadcast,    ///< to everybody in the namespace, the sender too, on all replicas
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

  /// Appends the payload of the packet, an array: the event and the values, of an acknowledgement the values alone.
  void append_payload(std::string& out, const Values& values) const;
};

/// A map by name in which a std::string_view is looked up without a copy.
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

/// The namespaces that there are.
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
