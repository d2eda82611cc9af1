"""Clients of python-socketio, with threads and with asyncio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence

import aiohttp
import requests
import socketio

from tests.support.clients import TRANSPORTS, UPGRADE

from .client import Event, OfficialClient, Opener

RECONNECT = {"reconnection_delay": 0.2, "reconnection_delay_max": 2}


def over_threads(**options: object) -> socketio.Client:
    """A client with a session of its own: an affinity cookie is kept in it, and clients must not share one."""
    return socketio.Client(http_session=requests.Session(), **options)


def end(client: socketio.Client) -> None:
    """For good: a reconnect that is just succeeding is not noticed by shutdown() itself."""
    client.shutdown()
    if client.connected:
        client.disconnect()


def pace(opener: Opener) -> dict:
    return {} if opener.own_pace else RECONNECT


class PythonClient(OfficialClient):
    """What both have in common: they are told the same, and call back the same."""

    def __init__(self, name: str, mode: str, namespaces: Sequence[str], library: socketio.Client | socketio.AsyncClient) -> None:
        super().__init__(name, mode, namespaces)
        self._library = library
        for namespace in namespaces:
            self._listen(namespace)

    def _listen(self, namespace: str) -> None:
        def on_event(event: str, *args: object) -> tuple:
            self.events.append(Event(namespace, event, list(args)))
            return ("got", *args)

        listen = self._library.on
        listen("connect", lambda: self.on_connect(namespace, self._library.get_sid(namespace)), namespace=namespace)
        listen("disconnect", lambda reason: self.on_disconnect(namespace, reason), namespace=namespace)
        listen("connect_error", lambda data: self.errors.append((namespace, message(data))), namespace=namespace)
        listen("*", on_event, namespace=namespace)

    def _connecting(self, opener: Opener, auth: Mapping[str, str] | None) -> dict:
        return {"url": opener.url, "namespaces": list(self.namespaces), "auth": auth, "wait": False,
                "transports": None if self.mode == UPGRADE else TRANSPORTS[self.mode]}

    def _emitting(self, namespace: str, event: str, args: Sequence[object], ack: int | None) -> dict:
        def acknowledged(*values: object) -> None:
            self.answers[ack] = list(values)

        return {"event": event, "data": tuple(args), "namespace": namespace, "callback": acknowledged if ack else None}

    def transport(self) -> str | None:
        return self._library.transport() if self._library.eio.state == "connected" else None

    def leave(self, namespace: str) -> None:
        """python-socketio knows no way to leave one of several namespaces."""
        raise NotImplementedError


def message(data: object) -> str:
    return data["message"] if isinstance(data, dict) else str(data)


class ThreadClient(PythonClient):
    """Each message gets a thread of its own, an event's attachments too. If an attachment's overtakes its event's, the
    library loses the event: tests that count what has attachments use AsyncioClient."""

    keeps_order = False

    def __init__(self, name: str, mode: str, namespaces: Sequence[str], opener: Opener, auth: Mapping[str, str] | None) -> None:
        super().__init__(name, mode, namespaces, over_threads(**pace(opener)))
        self._library.connect(**self._connecting(opener, auth))

    def send(self, namespace: str, event: str, args: Sequence[object], ack: int | None) -> None:
        self._library.emit(**self._emitting(namespace, event, args, ack))

    def close(self) -> None:
        end(self._library)


class PythonOpener(Opener):
    library = "python-socketio"

    def __init__(self, url: str, **settings: object) -> None:
        super().__init__(url, **settings)
        self._clients: list[ThreadClient] = []

    def open(self, mode: str, *, namespaces: Sequence[str] = ("/",), auth: Mapping[str, str] | None = None) -> ThreadClient:
        self._clients.append(client := ThreadClient(self.next_name(), mode, namespaces, self, auth))
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()


async def new_session() -> aiohttp.ClientSession:
    """It keeps the cookies of servers that have no name, too."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


class AsyncioClient(PythonClient):
    def __init__(self, name: str, mode: str, namespaces: Sequence[str], loop: asyncio.AbstractEventLoop, opener: Opener,
                 auth: Mapping[str, str] | None) -> None:
        self._loop = loop
        self._session = self._run(new_session())
        super().__init__(name, mode, namespaces, socketio.AsyncClient(http_session=self._session, **pace(opener)))
        self._run(self._library.connect(**self._connecting(opener, auth)))

    def _run(self, coroutine: object) -> object:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=20)

    def send(self, namespace: str, event: str, args: Sequence[object], ack: int | None) -> None:
        self._run(self._library.emit(**self._emitting(namespace, event, args, ack)))

    def close(self) -> None:
        self._run(self._library.shutdown())
        self._run(self._session.close())


class AsyncioOpener(Opener):
    library = "python-socketio-asyncio"

    def __init__(self, url: str, **settings: object) -> None:
        super().__init__(url, **settings)
        self._clients: list[AsyncioClient] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def open(self, mode: str, *, namespaces: Sequence[str] = ("/",), auth: Mapping[str, str] | None = None) -> AsyncioClient:
        client = AsyncioClient(self.next_name(), mode, namespaces, self._loop, self, auth)
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
