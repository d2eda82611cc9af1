"""gunicorn reads this file from its working directory; `gunicorn app:app` needs no further flags."""

import os

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"

# One process: a Socket.IO session lives in the memory of one process, and with several, requests of a polling client
# would reach different ones. For more clients, use more replicas, not more workers.
workers = 1

# Not plain "gevent": there, python-engineio uses simple-websocket, whose sends stop half-way when the buffer of the
# socket is full. After a slow client, or a message of about 80 KB over a real network, the WebSocket carries invalid data,
# without an error in the log.
worker_class = "geventwebsocket.gunicorn.workers.GeventWebSocketWorker"
worker_connections = 10000

# On SIGTERM, gunicorn accepts no new connections, finishes requests in flight, and then closes open connections. Clients
# then reconnect; a Socket.IO disconnect packet would make them stay disconnected.
graceful_timeout = 5

# No control socket: the root file system may be read-only.
control_socket_disable = True
