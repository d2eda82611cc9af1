"""HTTP and WebSocket by hand, over asyncio: what no library would send, and sees what a library would hide. Nothing here
has a time limit; whoever calls sets one (asyncio.timeout)."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import os
import struct
from collections.abc import Awaitable
from typing import TypeVar

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
T = TypeVar("T")
GONE = (ConnectionError, asyncio.IncompleteReadError)


@dataclasses.dataclass(frozen=True)
class Answer:
    """Of an HTTP request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def __str__(self) -> str:
        return f"{self.status} {self.body.decode(errors='backslashreplace')}".rstrip()


def run(coroutine: Awaitable[T], seconds: float = 10) -> T:
    """Its result, if it comes in time."""
    async def limited() -> T:
        async with asyncio.timeout(seconds):
            return await coroutine
    return asyncio.run(limited())


class Connection:
    """One TCP connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.reader = reader
        self.writer = writer
        self.host = host

    @classmethod
    async def open(cls, address: str) -> Connection:
        """`address` is HOST:PORT."""
        host, port = address.split(":")
        return cls(*await asyncio.open_connection(host, int(port), limit=1 << 24), address)

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    def ask(self, method: str, target: str, body: bytes | str | None = None, **headers: str) -> None:
        """Sends a request without waiting for its answer; `_` in the name of a header stands for `-`."""
        data = body.encode() if isinstance(body, str) else body
        lines = [f"{method} {target} HTTP/1.1"]
        if "Host" not in headers:
            lines.append(f"Host: {self.host}")
        if data is not None and "Content_Length" not in headers:
            lines.append(f"Content-Length: {len(data)}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.write("\r\n".join([*lines, "", ""]).encode() + (data or b""))

    async def answer(self) -> Answer:
        """The next answer; asyncio.IncompleteReadError if the connection ends before it does."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        status = int(head[0].split()[1])
        if headers.get("transfer-encoding") == "chunked":
            body = await self._chunks()
        elif "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        elif status in (101, 204, 304):
            body = b""
        else:
            body = await self.reader.read(-1)
        return Answer(status, headers, body)

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)
        return body

    async def request(self, method: str, target: str, body: bytes | str | None = None, **headers: str) -> Answer:
        self.ask(method, target, body, **headers)
        return await self.answer()

    async def end(self) -> bytes:
        """What still comes until the connection ends, however that is done."""
        data = b""
        try:
            while more := await self.reader.read(1 << 16):
                data += more
        except ConnectionError:
            pass
        return data


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, reserved: int = 0, masked: bool = True,
          length: bytes | None = None) -> bytes:
    """One WebSocket frame; `length` replaces the length as it is on the wire, its 7 bits and what is after them."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    if length is None:
        length = length_of(len(payload))
    if not masked:
        return bytes([first]) + length + payload
    mask = os.urandom(4)
    return bytes([first, length[0] | 0x80]) + length[1:] + mask + masking(payload, mask)


def length_of(size: int) -> bytes:
    if size < 126:
        return bytes([size])
    return b"\x7e" + struct.pack(">H", size) if size <= 0xFFFF else b"\x7f" + struct.pack(">Q", size)


def masking(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    pattern = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")).to_bytes(size, "big")


class Closed(Exception):
    """The WebSocket is closed: `code` of the close frame, 1005 for one without, 1006 if there was none."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class WebSocket:
    """A WebSocket after its handshake."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.opening: dict = {}  # of Engine.IO

    @classmethod
    async def open(cls, address: str, target: str, **headers: str) -> WebSocket:
        connection = await Connection.open(address)
        answer = await connection.request("GET", target, **{**handshake(), **headers})
        assert answer.status == 101, f"no upgrade: {answer}"
        return cls(connection)

    async def __aenter__(self) -> WebSocket:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.connection.writer.transport.abort()

    def send(self, data: str | bytes) -> None:
        """A text or a binary message in one frame."""
        self.connection.write(frame(TEXT, data.encode()) if isinstance(data, str) else frame(BINARY, data))

    async def frame(self) -> tuple[int, bytes]:
        """The next frame, whatever it is; the server's are whole messages, never masked."""
        try:
            first, second = await self.connection.reader.readexactly(2)
            assert first & 0xF0 == 0x80 and second < 128, f"a frame that begins with {first:02x} {second:02x}"
            if second == 126:
                (second,) = struct.unpack(">H", await self.connection.reader.readexactly(2))
            elif second == 127:
                (second,) = struct.unpack(">Q", await self.connection.reader.readexactly(8))
            return first & 0x0F, await self.connection.reader.readexactly(second)
        except GONE:
            raise Closed(1006) from None

    async def receive(self) -> str | bytes:
        """The next message; Closed if it is the end."""
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                raise Closed(struct.unpack(">H", payload[:2])[0] if payload else 1005)
            if opcode in (TEXT, BINARY):
                return payload.decode() if opcode == TEXT else payload

    async def closed(self) -> int:
        """Reads until the end; its code."""
        try:
            while True:
                await self.receive()
        except Closed as end:
            return end.code


def handshake() -> dict[str, str]:
    """The headers that ask for a WebSocket."""
    return {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
            "Sec_WebSocket_Key": base64.b64encode(os.urandom(16)).decode()}


POLL = "/socket.io/?EIO=4&transport=polling"
SOCKET = "/socket.io/?EIO=4&transport=websocket"


async def open_polling(address: str) -> tuple[Connection, str]:
    """An Engine.IO session on long polling: a connection for its requests, and the target of them."""
    connection = await Connection.open(address)
    answer = await connection.request("GET", POLL)
    assert answer.status == 200, answer
    return connection, f"{POLL}&sid={json.loads(answer.text[1:])['sid']}"


async def open_websocket(address: str) -> WebSocket:
    """An Engine.IO session on a WebSocket."""
    websocket = await WebSocket.open(address, SOCKET)
    packet = await websocket.receive()
    assert packet[0] == "0", packet
    websocket.opening = json.loads(packet[1:])
    return websocket


async def round_trip(address: str) -> None:
    """Until the server has answered something: by then it has read what was sent to it before."""
    async with await Connection.open(address) as connection:
        await connection.request("GET", "/socket.io/")
