"""Clients of the official Python library, python-socketio."""

from __future__ import annotations

import socketio
import socketio.exceptions

from .clients import TRANSPORTS, UPGRADE, Client, Locate
from .official.python import RECONNECT, end, over_threads


class PythonClient(Client):
    """One python-socketio client; its own threads call back."""

    def __init__(self, name: str, mode: str, url: str, locate: Locate | None) -> None:
        super().__init__(name, mode, locate)
        self._socket: socketio.Client = over_threads(**RECONNECT)
        self._socket.on("connect", self._on_connect)
        self._socket.on("disconnect", self.leave)
        self._socket.on("connect_error", lambda reason: self.errors.append(str(reason)))
        for event in ("welcome", "response"):
            self._socket.on(event, lambda data, event=event: self.receive(event, data))
        transports = None if mode == UPGRADE else TRANSPORTS[mode]
        try:
            self._socket.connect(url, transports=transports)
        except socketio.exceptions.ConnectionError:
            self.close()  # it may already be trying again
            raise

    def _on_connect(self) -> None:
        self.enter(self._socket.get_sid())

    def transport(self) -> str | None:
        return self._socket.transport() if self.connected else None

    def send(self, data: object) -> None:
        self._socket.emit("message", data)

    def close(self) -> None:
        end(self._socket)


class PythonClients:
    """Opens Python clients against one address and closes all of them."""

    library = "python-socketio"

    def __init__(self, url: str, locate: Locate | None = None) -> None:
        self._url = url
        self._locate = locate
        self._clients: list[PythonClient] = []

    def open(self, mode: str) -> PythonClient:
        client = PythonClient(f"python-{len(self._clients)}", mode, self._url, self._locate)
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()
