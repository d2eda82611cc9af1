"""Sends a message to all clients of the app without being one: it only publishes to the app's Redis.

    REDIS_URL=redis://:PASSWORD@HOST:6379/0 python emit_from_outside.py 'The kitchen closes at ten.'
"""

import os
import sys

from flask_socketio import SocketIO


def main() -> int:
    url = os.environ.get("REDIS_URL")
    if not url or len(sys.argv) != 2:
        print("usage: REDIS_URL=redis://... emit_from_outside.py TEXT", file=sys.stderr)
        return 2
    # Without a Flask app it is write-only: it serves no clients and subscribes to nothing.
    SocketIO(message_queue=url).emit("response", {"echo": sys.argv[1]})
    return 0


if __name__ == "__main__":
    sys.exit(main())
