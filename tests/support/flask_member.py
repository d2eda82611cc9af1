"""A Flask-SocketIO process as a member of a fleet: it serves clients like the tutorial's app, and does over HTTP what an
app's own code would do. Run with the packages of examples/flask-socketio, and with the flags of realtime-server, so that
it can also stand in its place."""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402

from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO, emit  # noqa: E402
from gevent.event import AsyncResult  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402
from geventwebsocket.handler import WebSocketHandler  # noqa: E402

from tests.support.official.client import from_wire, to_wire  # noqa: E402

app = Flask(__name__)
# Handlers in the order of the events: with a greenlet for each, Python reorders what a client sent, and with more than a
# hundred at once it runs out of Redis connections, drops its subscription, and loses what comes within a second.
socketio = SocketIO(always_connect=True, async_mode="gevent", async_handlers=False)


@socketio.on("message")
def broadcast(*data):
    emit("response", {"echo": data[0] if data else None}, broadcast=True)


def do_emit(event, args, **options):
    socketio.emit(event, tuple(from_wire(args)), **options)


def do_call(event, args, to, timeout=10):
    """What the client acknowledges the event with."""
    answer = AsyncResult()
    socketio.emit(event, tuple(from_wire(args)), to=to, callback=lambda *values: answer.set(values))
    return to_wire(answer.get(timeout=timeout))


def do_enter_room(sid, room, namespace="/"):
    socketio.server.enter_room(sid, room, namespace=namespace)


def do_leave_room(sid, room, namespace="/"):
    socketio.server.leave_room(sid, room, namespace=namespace)


def do_close_room(room, namespace="/"):
    socketio.server.close_room(room, namespace=namespace)


def do_disconnect(sid, namespace="/"):
    socketio.server.disconnect(sid, namespace=namespace)


@app.post("/do")
def do():
    """A list of [name, arguments by name]; answers with the last one's result."""
    result = None
    for name, arguments in request.get_json():
        result = globals()[f"do_{name}"](**arguments)
    return json.dumps(result)


def main() -> None:
    parser = argparse.ArgumentParser()
    for flag in ("--listen", "--redis", "--admin", "--config"):
        parser.add_argument(flag)
    flags = parser.parse_args()
    socketio.init_app(app, message_queue=flags.redis)
    host, port = flags.listen.split(":")
    server = WSGIServer((host, int(port)), app, handler_class=WebSocketHandler, log=None)
    server.start()
    print(json.dumps({"message": "listening", "address": f"{host}:{server.server_port}"}), file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
