#include "realtime-server/adapter/python_codec.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/digest.hpp"
#include "realtime-server/socketio/json_string.hpp"
#include "realtime-server/socketio/packet.hpp"

namespace adapter {

using socketio::JsonCursor;
using socketio::JsonKind;

namespace {

/// The first member of every sent message, so that a process recognizes its own messages without parsing them.
std::string prefix_of(std::string_view host) { return std::string{R"({"host_id":")"}.append(host).append(R"(",)"); }

void append_all(std::string& out, std::span<const std::string_view> pieces) {
  for (const auto piece : pieces) out += piece;
}

void append_names(std::string& out, std::span<const std::string_view> names) {
  out += '[';
  for (const auto name : names) {
    if (out.back() != '[') out += ',';
    socketio::append_json_string(out, name);
  }
  out += ']';
}

/// Null, one name, or a list of them.
void append_room(std::string& out, std::span<const std::string_view> names) {
  if (names.empty())
    out += "null";
  else if (names.size() == 1)
    socketio::append_json_string(out, names.front());
  else
    append_names(out, names);
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// The content between the brackets of a raw array.
std::string_view inside(std::string_view array) {
  array = array.substr(1, array.size() - 2);
  while (!array.empty() && is_blank(array.front())) array.remove_prefix(1);
  while (!array.empty() && is_blank(array.back())) array.remove_suffix(1);
  return array;
}

bool is_string(std::string_view raw) { return raw.starts_with('"'); }

bool is_scalar(std::string_view raw) { return !raw.empty() && !raw.starts_with('[') && !raw.starts_with('{'); }

/// Event names on which the JavaScript client closes its connection.
bool is_reserved(std::string_view name) {
  return std::find(socketio::kReservedEvents.begin(), socketio::kReservedEvents.end(), name) !=
         socketio::kReservedEvents.end();
}

}  // namespace

std::string encode_emit(std::string_view host, const socketio::Emit& emit) {
  auto text = prefix_of(host);
  text.append(R"("method":"emit","event":)").append(emit.event).append(R"(,"data":[)");
  if (emit.attachments.empty()) {
    append_all(text, emit.args);
  } else {
    text += '[';
    append_all(text, emit.args);
    text += ']';
    for (const auto bytes : emit.attachments) text.append(R"(,")").append(core::base64_encode(bytes)).append(R"(")");
  }
  text.append(R"(],"binary":)").append(emit.attachments.empty() ? "false" : "true").append(R"(,"namespace":)");
  socketio::append_json_string(text, emit.nsp);
  text += R"(,"room":)";
  append_room(text, emit.rooms);
  text += R"(,"skip_sid":)";
  append_room(text, emit.except);
  return text.append(R"(,"callback":null})");
}

std::string encode_callback(const socketio::RemoteCallback& callback, std::span<const std::string_view> args) {
  std::string text{R"({"method":"callback","host_id":)"};
  text.append(callback.host).append(R"(,"sid":)").append(callback.sid).append(R"(,"namespace":)").append(callback.nsp);
  text.append(R"(,"id":)").append(callback.id).append(R"(,"args":[)");
  for (const auto argument : args) {
    if (text.back() != '[') text += ',';
    text += argument;
  }
  return text.append("]}");
}

PythonReader::PythonReader(std::string_view host)
    : own_prefix_{prefix_of(host)}, own_host_{std::string{"\""}.append(host).append("\"")} {}

Taken PythonReader::read(std::string_view message, Inbox& inbox) {
  if (message.starts_with(own_prefix_)) return Taken::kOwn;
  Members members;
  kept_.clear();
  if (!take_members(message, members) || !is_string(members.method)) return Taken::kRefused;
  if (!members.nsp.empty() && !is_string(members.nsp) && members.nsp != "null") return Taken::kRefused;
  if (members.host == own_host_) return Taken::kOwn;
  const auto method = name_of(members.method);
  if (method == "emit") return take_emit(members, inbox);
  if (method == "callback") return Taken::kIgnored;  // for the host named in it; this server requests none
  const auto nsp = is_string(members.nsp) ? name_of(members.nsp) : std::string_view{"/"};
  const auto room = name_of(members.room);
  if (method == "close_room") {
    if (!is_scalar(members.room)) return Taken::kRefused;
    inbox.on_close_room(nsp, room);
    return Taken::kTaken;
  }
  const bool enters = method == "enter_room";
  const bool leaves = method == "leave_room";
  if (!enters && !leaves && method != "disconnect") return Taken::kIgnored;
  if (!is_string(members.sid) || ((enters || leaves) && !is_scalar(members.room))) return Taken::kRefused;
  const auto sid = name_of(members.sid);
  if (enters)
    inbox.on_enter_room(nsp, sid, room);
  else if (leaves)
    inbox.on_leave_room(nsp, sid, room);
  else
    inbox.on_disconnect(nsp, sid);
  return Taken::kTaken;
}

/// Validates the whole message and finds its members.
bool PythonReader::take_members(std::string_view message, Members& members) {
  const std::array<std::pair<std::string_view, std::string_view*>, 10> known{{
      {R"("method")", &members.method},
      {R"("event")", &members.event},
      {R"("data")", &members.data},
      {R"("binary")", &members.binary},
      {R"("namespace")", &members.nsp},
      {R"("room")", &members.room},
      {R"("skip_sid")", &members.skip_sid},
      {R"("callback")", &members.callback},
      {R"("host_id")", &members.host},
      {R"("sid")", &members.sid},
  }};
  JsonCursor cursor{message, nullptr, JsonCursor::kMaxMessageDepth};
  if (!cursor.enter_object()) return false;
  while (const auto key = cursor.next_member()) {
    const auto value = cursor.value();
    if (!value) return false;
    const auto* member =
        std::find_if(known.begin(), known.end(), [&](const auto& entry) { return entry.first == *key; });
    if (member != known.end()) *member->second = *value;
  }
  return !cursor.failed() && cursor.finish();
}

Taken PythonReader::take_emit(const Members& members, Inbox& inbox) {
  JsonCursor event{members.event};
  const auto kind = event.peek();
  if (kind != JsonKind::kString && kind != JsonKind::kNumber) return Taken::kRefused;
  if (kind == JsonKind::kString && is_reserved(name_of(members.event))) return Taken::kRefused;
  bool all = false;
  bool unused = false;
  if (!take_data(members) || !take_names(members.room, rooms_, all) || !take_names(members.skip_sid, except_, unused))
    return Taken::kRefused;
  if (all)
    rooms_.clear();
  else if (rooms_.empty())
    return Taken::kIgnored;  // an empty list of rooms differs from no list
  socketio::Emit emit{.nsp = is_string(members.nsp) ? name_of(members.nsp) : std::string_view{"/"},
                      .rooms = rooms_,
                      .except = except_,
                      .event = members.event,
                      .args = args_,
                      .attachments = attachments_};
  if (members.callback.starts_with('[')) {
    std::array<std::string_view, 3> parts;
    JsonCursor cursor{members.callback};
    cursor.enter_array();
    for (auto& part : parts)
      if (cursor.next_element()) part = cursor.value().value_or(std::string_view{});
    if (parts.back().empty() || cursor.next_element() || members.host.empty()) return Taken::kRefused;
    emit.callback = std::make_shared<socketio::RemoteCallback>(socketio::RemoteCallback{
        std::string{members.host}, std::string{parts[0]}, std::string{parts[1]}, std::string{parts[2]}});
  }
  inbox.on_emit(emit);
  return Taken::kTaken;
}

/// null means no arguments; a value that is not a list is a single argument.
bool PythonReader::take_data(const Members& members) {
  args_.clear();
  attachments_.clear();
  if (members.data.empty()) return false;
  if (members.binary == "true") return take_binary(members.data);
  const auto args = members.data.starts_with('[') ? inside(members.data) : members.data;
  if (!args.empty() && args != "null") args_.push_back(args);
  return true;
}

/// A list of the arguments, or of a single one that is no list, with placeholders, and of the attachments in Base64.
bool PythonReader::take_binary(std::string_view data) {
  placeholders_.clear();
  JsonCursor cursor{data, &placeholders_, JsonCursor::kMaxMessageDepth};
  if (cursor.peek() != JsonKind::kArray || !cursor.enter_array() || !cursor.next_element()) return false;
  const auto args = cursor.value();
  if (!args || cursor.has_false_placeholder()) return false;
  while (cursor.next_element()) {
    const auto text = cursor.value();
    if (!text || !is_string(*text)) return false;
    auto bytes = core::base64_decode(name_of(*text));
    if (!bytes) return false;
    attachments_.push_back(kept_.emplace_back(std::move(*bytes)));
  }
  const auto inner = args->starts_with('[') ? inside(*args) : *args;
  if (!inner.empty()) args_.push_back(inner);
  const auto known = [this](const auto& placeholder) { return placeholder.num < attachments_.size(); };
  return !cursor.failed() && !attachments_.empty() && attachments_.size() <= socketio::kMaxAttachments &&
         std::all_of(placeholders_.begin(), placeholders_.end(), known);
}

/// Null, one scalar, or a list of them. As a room, null means everyone in the namespace.
bool PythonReader::take_names(std::string_view raw, std::vector<std::string_view>& names, bool& has_null) {
  names.clear();
  has_null = raw.empty() || raw == "null";
  if (has_null) return true;
  if (!raw.starts_with('[')) {
    names.push_back(name_of(raw));
    return is_scalar(raw);
  }
  JsonCursor cursor{raw};
  cursor.enter_array();
  while (cursor.next_element()) {
    const auto kind = cursor.peek();
    const auto value = cursor.value();
    if (!value || kind == JsonKind::kObject || kind == JsonKind::kArray) return false;
    if (kind == JsonKind::kNull)
      has_null = true;
    else
      names.push_back(name_of(*value));
  }
  return !cursor.failed();
}

/// A string's text; other scalars are also names, which no string equals.
std::string_view PythonReader::name_of(std::string_view raw) {
  if (!is_string(raw)) return raw.empty() ? raw : kept_.emplace_back(std::string(1, '\0').append(raw));
  if (raw.find('\\') == std::string_view::npos) return raw.substr(1, raw.size() - 2);
  return kept_.emplace_back(socketio::unescape(raw));
}

}  // namespace adapter
