"""gunicorn reads this file from its working directory; `gunicorn app:app` needs no further flags."""

import os

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"

# One process: a Socket.IO session lives in the memory of one process, and two requests of a polling client would
# land on two of them. More clients need more replicas, not more workers.
workers = 1

# Not plain "gevent": there, python-engineio falls back on simple-websocket, whose sends stop half-way as soon as the
# socket's buffer is full. A client that reads slowly, or a message of some 80 KB over a real network, and the
# WebSocket is garbage from then on, without an error in the log.
worker_class = "geventwebsocket.gunicorn.workers.GeventWebSocketWorker"
worker_connections = 10000

# SIGTERM: nothing new is accepted, requests in flight end, then open connections are cut at the transport. Clients
# reconnect after that; a Socket.IO disconnect packet would tell them to stay away.
graceful_timeout = 5

# No runtime control over a socket file: the root file system may be read-only.
control_socket_disable = True
