"""Emits as a background process does: emit.py REDIS_URL [CHANNEL]."""

import sys

import socketio

url, *channel = sys.argv[1:]
manager = socketio.RedisManager(url, *channel, write_only=True)
manager.emit("text", {"a": [1, None, "ü", 1.5]})
manager.emit("many", (1, "two"))
manager.emit("none", None)
manager.emit("list", [1, "two"])
manager.emit("empty", [])
manager.emit("binaries", [b"\x00\xff"])
manager.emit("binary", b"\x00\xff")
manager.emit("nested", {"b": b"\x00\xff", "n": 1})
manager.emit("last", "done", namespace="/")
