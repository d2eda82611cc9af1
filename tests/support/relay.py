"""Between clients and servers: what a network or a load balancer does to connections, done at will. Each relay has a
thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading

CHUNK = 1 << 16


class Relay:
    """Accepts connections and serves each by `serve`; `address` is where."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connections: set[asyncio.Task] = set()
        self._server = self._run(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.address = "127.0.0.1:{}".format(self._server.sockets[0].getsockname()[1])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self.serve(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    def _run(self, coroutine: object) -> object:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)

    async def _end(self) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def close(self) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def open_to(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = address.split(":")
    return await asyncio.open_connection(host, int(port))


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the end, which is passed on too."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


class RedisRelay(Relay):
    """Between one replica and Redis. While it is `deaf`, nothing arrives on connections that have subscribed; Redis
    answers on all others."""

    def __init__(self, port: int) -> None:
        self._redis = f"127.0.0.1:{port}"
        self._hears = asyncio.Event()
        self._hears.set()
        super().__init__()

    @property
    def url(self) -> str:
        return f"redis://{self.address}/0"

    def deafen(self) -> None:
        self._loop.call_soon_threadsafe(self._hears.clear)

    def heal(self) -> None:
        self._loop.call_soon_threadsafe(self._hears.set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        redis_reader, redis_writer = await open_to(self._redis)
        subscribed = False

        async def from_replica() -> None:
            nonlocal subscribed
            try:
                while data := await reader.read(CHUNK):
                    subscribed = subscribed or b"SUBSCRIBE" in data.upper()
                    redis_writer.write(data)
            finally:
                redis_writer.close()

        async def to_replica() -> None:
            try:
                while data := await redis_reader.read(CHUNK):
                    if subscribed:
                        await self._hears.wait()
                    writer.write(data)
            finally:
                writer.close()

        await asyncio.gather(from_replica(), to_replica(), return_exceptions=True)


class StickyRelay(Relay):
    """A load balancer in front of HTTP servers: a request that names a session goes to the server that made it, any other
    to `target`. One request a connection, but for WebSockets."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.made: dict[str, str] = {}  # the server's address of each session
        self.handshakes: list[str] = []  # the server's address of each handshake, in their order
        super().__init__()

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        session = re.search(rb"[?&]sid=([^& ]+)", head.partition(b"\r\n")[0])
        address = self.made[session[1].decode()] if session else self.target
        upgrades = re.search(rb"\r\nupgrade:", head, re.IGNORECASE)
        if not session:
            self.handshakes.append(address)
        if not upgrades:
            head = re.sub(rb"\r\nconnection:[^\r]*", b"", head, flags=re.IGNORECASE)[:-2] + b"Connection: close\r\n\r\n"
        server_reader, server_writer = await open_to(address)
        server_writer.write(head)
        await asyncio.gather(copy(reader, server_writer), self._answer(server_reader, writer, address, bool(session)),
                             return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, known: bool) -> None:
        try:
            seen = b""
            while data := await reader.read(CHUNK):
                if not known:
                    seen += data
                    if made := re.search(rb'"sid":"([^"]+)"', seen):
                        self.made[made[1].decode()] = address
                        known = True
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
