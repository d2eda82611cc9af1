"""Clients of the official Python library, python-socketio."""

from __future__ import annotations

import requests
import socketio

from .clients import TRANSPORTS, UPGRADE, Client


class PythonClient(Client):
    """One python-socketio client; its own threads call back."""

    def __init__(self, name: str, mode: str, url: str, host: str | None) -> None:
        super().__init__(name, mode)
        # A session of its own: the affinity cookie is kept in it, and clients must not share one.
        self._socket = socketio.Client(http_session=requests.Session(), reconnection_delay=0.2,
                                       reconnection_delay_max=2)
        self._socket.on("connect", self._on_connect)
        self._socket.on("disconnect", self.leave)
        self._socket.on("connect_error", lambda reason: self.errors.append(str(reason)))
        for event in ("welcome", "response"):
            self._socket.on(event, lambda data, event=event: self.receive(event, data))
        transports = None if mode == UPGRADE else TRANSPORTS[mode]
        self._socket.connect(url, transports=transports, headers={"Host": host} if host else {})

    def _on_connect(self) -> None:
        self.connected = True

    def transport(self) -> str | None:
        return self._socket.transport() if self.connected else None

    def send(self, data: object) -> None:
        self._socket.emit("message", data)

    def close(self) -> None:
        self._socket.shutdown()


class PythonClients:
    """Opens Python clients against one address and closes all of them."""

    library = "python-socketio"

    def __init__(self, url: str, host: str | None = None) -> None:
        self._url = url
        self._host = host
        self._clients: list[PythonClient] = []

    def open(self, mode: str) -> PythonClient:
        client = PythonClient(f"python-{len(self._clients)}", mode, self._url, self._host)
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()
