"""A small chat over Socket.IO with several replicas: what a client sends as `message` goes to all clients on all
replicas as `response`. The operator sets PORT, REDIS_URL and POD_NAME."""

import os
import secrets
import socket

from flask import Flask, render_template
from flask_socketio import SocketIO, emit

REPLICA = os.environ.get("POD_NAME") or socket.gethostname()

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ.get("SECRET_KEY") or secrets.token_hex(32)

# async_mode is explicit because its default depends on what else is installed: if eventlet is, Flask-SocketIO selects its
# mode, and no message arrives, without an error in the log.
# By default, pages of other origins cannot connect; cors_allowed_origins="*" would allow all of them.
socketio = SocketIO(
    app,
    async_mode="gevent",
    message_queue=os.environ.get("REDIS_URL"),
    always_connect=True,  # otherwise `welcome` would overtake the answer to the client's CONNECT
)


@app.get("/")
def page():
    return render_template("index.html")


@app.get("/healthz")
def health():
    return {"status": "ok", "replica": REPLICA}


@app.after_request
def restrict(response):
    response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@socketio.on("connect")
def welcome():
    emit("welcome", {"replica": REPLICA})


@socketio.on("message")
def broadcast(data):
    emit("response", {"echo": data}, broadcast=True)
