// Messages as from the queue of Python processes: what is told of one is whole and within the limits, and told again of
// the message that we would send in its place.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/utf8.hpp"
#include "realtime-server/adapter/python_codec.hpp"
#include "realtime-server/socketio/json_string.hpp"
#include "realtime-server/socketio/packet.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/support/emits.hpp"

namespace {

socketio::JsonError error_of(std::string_view json) {
  socketio::JsonCursor cursor{json, nullptr, socketio::JsonCursor::kMaxMessageDepth};
  cursor.value();
  cursor.finish();
  return cursor.error();
}

bool is_json(std::string_view text) { return error_of(text) == socketio::JsonError::kNone; }

bool is_reserved(std::string_view event) {
  const auto name = socketio::unescape(event);
  return std::find(socketio::kReservedEvents.begin(), socketio::kReservedEvents.end(), name) !=
         socketio::kReservedEvents.end();
}

struct CheckingInbox final : adapter::Inbox {
  std::string told;
  std::string sent_on;

  void on_emit(const socketio::Emit& emit) override {
    FUZZ_CHECK(is_json(emit.event) && !emit.event.starts_with('[') && !emit.event.starts_with('{'));
    FUZZ_CHECK(!is_reserved(emit.event));
    FUZZ_CHECK(is_json("[" + support::joined(emit.args, "") + "]"));
    FUZZ_CHECK(emit.attachments.size() <= socketio::kMaxAttachments);
    FUZZ_CHECK(core::is_utf8(emit.nsp));
    for (const auto room : emit.rooms) FUZZ_CHECK(core::is_utf8(room));
    if (const auto& callback = emit.callback)
      FUZZ_CHECK(is_json(callback->host) && is_json(callback->sid) && is_json(callback->nsp) && is_json(callback->id));
    auto without_callback = emit;
    without_callback.callback.reset();
    told = support::shown(without_callback);
    sent_on = adapter::encode_emit("others", emit);
    if (emit.callback) FUZZ_CHECK(is_json(adapter::encode_callback(*emit.callback, {})));
  }
  void on_disconnect(std::string_view nsp, std::string_view sid) override { check({nsp, sid}); }
  void on_enter_room(std::string_view nsp, std::string_view sid, std::string_view room) override {
    check({nsp, sid, room});
  }
  void on_leave_room(std::string_view nsp, std::string_view sid, std::string_view room) override {
    check({nsp, sid, room});
  }
  void on_close_room(std::string_view nsp, std::string_view room) override { check({nsp, room}); }

 private:
  static void check(std::initializer_list<std::string_view> names) {
    for (const auto name : names) FUZZ_CHECK(core::is_utf8(name));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  adapter::PythonReader reader{"us"};
  CheckingInbox inbox;
  const std::string_view message{reinterpret_cast<const char*>(data), size};
  const auto taken = reader.read(message, inbox);
  if (taken == adapter::Taken::kTaken || taken == adapter::Taken::kIgnored) FUZZ_CHECK(is_json(message));
  if (taken != adapter::Taken::kTaken) FUZZ_CHECK(inbox.told.empty());
  if (inbox.told.empty()) return 0;
  // What was no list is one level deeper in ours.
  if (error_of(inbox.sent_on) == socketio::JsonError::kTooDeep) return 0;
  CheckingInbox again;
  FUZZ_CHECK(reader.read(inbox.sent_on, again) == adapter::Taken::kTaken);
  FUZZ_CHECK(again.told == inbox.told);
  return 0;
}
