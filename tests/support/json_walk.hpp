// The second way through a JSON text: into every array and object, one at a time, instead of `value()` over the whole.
#pragma once

#include <string_view>

#include "realtime-server/socketio/json_cursor.hpp"

namespace json_walk {

/// Consumes the next value by entering whatever can be entered. False on a fault.
inline bool enter_all(socketio::JsonCursor& cursor) {
  switch (cursor.peek()) {
    case socketio::JsonKind::kArray:
      if (!cursor.enter_array()) return false;
      while (cursor.next_element())
        if (!enter_all(cursor)) return false;
      break;
    case socketio::JsonKind::kObject:
      if (!cursor.enter_object()) return false;
      while (cursor.next_member())
        if (!enter_all(cursor)) return false;
      break;
    default:
      cursor.value();
  }
  return !cursor.failed();
}

/// The text's fault, or kNone, found by one `value()`.
inline socketio::JsonCursor walked(std::string_view text) {
  socketio::JsonCursor cursor{text};
  cursor.value();
  cursor.finish();
  return cursor;
}

/// The same, found by entering.
inline socketio::JsonCursor entered(std::string_view text) {
  socketio::JsonCursor cursor{text};
  enter_all(cursor);
  cursor.finish();
  return cursor;
}

}  // namespace json_walk
