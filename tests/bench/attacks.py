"""What a stranger can do to a server with a socket of his own, as fast as it can be done from Python: everything is put
together before it is sent."""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import struct
import threading
import time
from collections.abc import Iterable

from tests.support.raw import POLL, SOCKET, TEXT, BINARY, length_of

NUMBERS = 1_000_000  # as Witness::kNumbers of the generator
MASK = b"\0\0\0\0"  # which leaves the payload as it is


def frame(opcode: int, payload: bytes) -> bytes:
    length = length_of(len(payload))
    return bytes([0x80 | opcode, length[0] | 0x80]) + length[1:] + MASK + payload


def connect(port: int, *, small_to_send: bool = False, small_to_read: bool = False) -> socket.socket:
    """`small_…`: the kernel keeps little for it."""
    raw = socket.socket()
    if small_to_read:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    if small_to_send:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw.settimeout(30)
    raw.connect(("127.0.0.1", port))
    return raw


def request(method: str, target: str, body: bytes = b"", headers: str = "") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def read_until(raw: socket.socket, end: bytes) -> bytes:
    got = b""
    while end not in got:
        more = raw.recv(65_536)
        if not more:
            raise ConnectionError(f"closed after {got[-200:]!r}")
        got += more
    return got


def ask(raw: socket.socket, data: bytes) -> bytes:
    """Sends a request; the body of its answer."""
    raw.sendall(data)
    head, _, body = read_until(raw, b"\r\n\r\n").partition(b"\r\n\r\n")
    size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < size:
        body += raw.recv(65_536)
    return head.split(b" ", 2)[1] + b" " + body


def open_polling(raw: socket.socket) -> str:
    """The target of a new session that has joined /."""
    opening = ask(raw, request("GET", POLL))
    target = f"{POLL}&sid={json.loads(opening.partition(b'{')[1] + opening.partition(b'{')[2])['sid']}"
    assert ask(raw, request("POST", target, b"40")) == b"200 ok"
    return target


def open_websocket(port: int, *, namespace: str = "", **small: bool) -> socket.socket:
    """A WebSocket that has joined a namespace."""
    raw = connect(port, **small)
    raw.sendall(f"GET {SOCKET} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
                "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
    read_until(raw, b"maxPayload")
    raw.sendall(frame(TEXT, f"40{namespace}".encode()))
    read_until(raw, b'{"sid"')
    return raw


def events(sender: int, count: int) -> list[bytes]:
    """Broadcasts with their sender and number."""
    return [f'42["message",{sender * NUMBERS + number}]'.encode() for number in range(count)]


def send_all(messages: dict[socket.socket, bytes], seconds: float) -> dict[socket.socket, int]:
    """Sends to all at once what each takes, for so long at most; how many bytes each took. One that ends takes no more."""
    taken = dict.fromkeys(messages, 0)
    with selectors.DefaultSelector() as selector:
        for raw in messages:
            raw.setblocking(False)
            selector.register(raw, selectors.EVENT_WRITE)
        end = time.monotonic() + seconds
        while selector.get_map() and time.monotonic() < end:
            for key, _ in selector.select(0.1):
                raw, data = key.fileobj, messages[key.fileobj]
                with contextlib.suppress(BlockingIOError):
                    try:
                        taken[raw] += raw.send(memoryview(data)[taken[raw]:taken[raw] + 65_536])
                    except ConnectionError:
                        selector.unregister(raw)
                        continue
                if taken[raw] == len(data):
                    selector.unregister(raw)
    return taken


class Drain:
    """Reads what comes to all of them, and forgets it."""

    def __init__(self, raws: Iterable[socket.socket]) -> None:
        self._raws = list(raws)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> None:
        for raw in self._raws:
            raw.setblocking(False)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _read(self) -> None:
        buffer = bytearray(1 << 20)
        with selectors.DefaultSelector() as selector:
            for raw in self._raws:
                selector.register(raw, selectors.EVENT_READ)
            while selector.get_map() and not self._ends.is_set():
                for key, _ in selector.select(0.1):
                    try:
                        if key.fileobj.recv_into(buffer) == 0:
                            selector.unregister(key.fileobj)
                    except BlockingIOError:
                        continue
                    except OSError:
                        selector.unregister(key.fileobj)


def close_all(sockets: Iterable[socket.socket]) -> None:
    """At once: no port stays taken."""
    for raw in sockets:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()


def attachment(size: int) -> bytes:
    return frame(BINARY, bytes(size))
