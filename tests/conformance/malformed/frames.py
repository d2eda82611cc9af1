"""WebSocket frames that RFC 6455 forbids, and WebSockets that Engine.IO forbids."""

from __future__ import annotations

import struct

from tests.support.raw import (BINARY, CLOSE, PING, PONG, POLL, SOCKET, TEXT, Closed, WebSocket, frame, open_polling,
                               open_websocket)

from .case import Act, Case
from .polling import MAX_PAYLOAD, session

CONTINUATION = 0
PROTOCOL_ERROR, NO_TEXT, TOO_BIG = "closed 1002", "closed 1007", "closed 1009"
ANSWERED = "answered"
# No document says which.
SOME_CODE = tuple(f"closed {code}" for code in (1000, 1001, 1002, 1005, 1008))
CONNECTED = "40{"


def sends(*frames: bytes) -> Act:
    """Frames on the WebSocket of a new session, then a CONNECT packet to see whether it is still there."""
    async def act(address: str) -> str:
        async with await open_websocket(address) as websocket:
            for data in frames:
                websocket.connection.write(data)
            websocket.send("40")
            return await answers(websocket)
    return act


async def answers(websocket: WebSocket) -> str:
    try:
        packet = await websocket.receive()
    except Closed as end:
        return f"closed {end.code}"
    return ANSWERED if packet.startswith(CONNECTED) else f"answered {packet[:80]!r}"


def message(data: bytes) -> bytes:
    return frame(TEXT, data)


def closes(payload: bytes) -> Act:
    return sends(frame(CLOSE, payload))


def closes_with(code: int, reason: bytes = b"") -> Act:
    return closes(struct.pack(">H", code) + reason)


async def pings(address: str) -> str:
    """A ping of the WebSocket's own, in the middle of a message of two fragments."""
    async with await open_websocket(address) as websocket:
        for data in (frame(TEXT, b"4", fin=False), frame(PING, b"in between"), frame(CONTINUATION, b"0")):
            websocket.connection.write(data)
        assert await websocket.frame() == (PONG, b"in between")
        return await answers(websocket)


def upgrading(*packets: str) -> Act:
    """A second transport for a polling session that does not begin as an upgrade should; and what is left of the
    session."""
    async def act(address: str) -> str:
        connection, target = await open_polling(address)
        async with connection, await WebSocket.open(address, target.replace(POLL, SOCKET)) as websocket:
            for packet in packets:
                websocket.send(packet)
            return f"closed {await websocket.closed()}; {await session(address, target)}"
    return act


async def probes_twice(address: str) -> str:
    """A second WebSocket while the first one is probing."""
    connection, target = await open_polling(address)
    target = target.replace(POLL, SOCKET)
    async with connection, await WebSocket.open(address, target) as first:
        first.send("2probe")
        assert await first.receive() == "3probe"
        async with await WebSocket.open(address, target) as second:
            end = await second.closed()
        first.send("5")
        first.send("40")
        return f"second closed {end}, first {await answers(first)}"


async def upgrades_again(address: str) -> str:
    """A second WebSocket for a session that has one."""
    async with await open_websocket(address) as first:
        target = f"{SOCKET}&sid={first.opening['sid']}"
        try:
            async with await WebSocket.open(address, target) as second:
                second.send("2probe")
                end = f"closed {await second.closed()}"
        except AssertionError:
            end = "refused"
        first.send("40")
        return f"second {end}, first {await answers(first)}"


RESERVED_OPCODES = [Case(f"opcode {opcode:x}", sends(frame(opcode, b"x")), PROTOCOL_ERROR)
                    for opcode in (3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF)]

CLOSE_CODES = [Case(f"close code {code}", closes_with(code), PROTOCOL_ERROR)
               for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)]

NO_UTF8 = [Case(f"text that is no UTF-8: {name}", sends(message(b"42[\"" + data + b"\"]")), NO_TEXT) for name, data in (
    ("a byte that never occurs", b"\xff"), ("a continuation byte alone", b"\x80"), ("overlong", b"\xc0\xaf"),
    ("overlong in three", b"\xe0\x80\xaf"), ("a surrogate", b"\xed\xa0\x80"), ("beyond Unicode", b"\xf4\x90\x80\x80"),
    ("cut short", b"\xe2\x82"))]

FRAMES = [
    Case("a frame that is not masked", sends(frame(TEXT, b"40", masked=False)), PROTOCOL_ERROR),
    Case("an empty frame that is not masked", sends(frame(BINARY, masked=False)), PROTOCOL_ERROR),
    *(Case(f"reserved bit {4 - bit}", sends(frame(TEXT, b"40", reserved=1 << bit)), PROTOCOL_ERROR) for bit in range(3)),
    Case("reserved bit of a ping", sends(frame(PING, reserved=4)), PROTOCOL_ERROR),
    *RESERVED_OPCODES,
    Case("a ping in fragments", sends(frame(PING, b"x", fin=False)), PROTOCOL_ERROR),
    Case("a pong in fragments", sends(frame(PONG, b"x", fin=False)), PROTOCOL_ERROR),
    Case("a close in fragments", sends(frame(CLOSE, b"", fin=False)), PROTOCOL_ERROR),
    Case("a ping of 126 bytes", sends(frame(PING, b"x" * 126)), PROTOCOL_ERROR),
    Case("a close of 126 bytes", closes_with(1000, b"x" * 124), PROTOCOL_ERROR),
    Case("a close of one byte", closes(b"\x03"), PROTOCOL_ERROR),
    *CLOSE_CODES,
    Case("a close with a reason that is no UTF-8", closes_with(1000, b"\xff"), NO_TEXT),
    Case("a good close", closes_with(1000, "schön".encode()), "closed 1000"),
    Case("a close of one's own kind", closes_with(4999), ("closed 4999", "closed 1000")),
    Case("a close without a code", closes(b""), ("closed 1005", "closed 1000")),
    *NO_UTF8,
    Case("text that is no UTF-8, over two fragments",
         sends(frame(TEXT, b"42[\"\xe2", fin=False), frame(CONTINUATION, b"\"]")), NO_TEXT),
    Case("a continuation of nothing", sends(frame(CONTINUATION, b"40")), PROTOCOL_ERROR),
    Case("a text inside a message", sends(frame(TEXT, b"4", fin=False), frame(TEXT, b"0")), PROTOCOL_ERROR),
    Case("a binary inside a message", sends(frame(TEXT, b"4", fin=False), frame(BINARY, b"0")), PROTOCOL_ERROR),
    Case("a length with the top bit", sends(frame(BINARY, b"x", length=b"\x7f\x80" + b"\0" * 6 + b"\1")),
         (PROTOCOL_ERROR, TOO_BIG)),
    Case("a length of exabytes", sends(frame(BINARY, b"x", length=b"\x7f\x7f" + b"\xff" * 7)), (PROTOCOL_ERROR, TOO_BIG)),
    Case("a length over maxPayload", sends(frame(TEXT, b"4", length=b"\x7f" + struct.pack(">Q", MAX_PAYLOAD + 1))), TOO_BIG),
    Case("fragments over maxPayload",
         sends(frame(TEXT, b"4" * MAX_PAYLOAD, fin=False), frame(CONTINUATION, b"4")), TOO_BIG),
    Case("a message of 10,000 empty fragments", sends(
        frame(TEXT, b"6", fin=False), *[frame(CONTINUATION, fin=False)] * 10_000, frame(CONTINUATION)),
        (ANSWERED, "closed 1008", TOO_BIG)),
    Case("a ping in the middle of a message", pings, ANSWERED),
    Case("an upgrade without a probe", upgrading("2other"), tuple(f"{end}; session lives" for end in SOME_CODE)),
    Case("an upgrade that begins with a message", upgrading("40"), tuple(f"{end}; session lives" for end in SOME_CODE)),
    Case("an upgrade that says nothing", upgrading(), tuple(f"{end}; session lives" for end in SOME_CODE)),
    Case("a probe and then nothing", upgrading("2probe"), tuple(f"{end}; session lives" for end in SOME_CODE)),
    Case("two upgrades at once", probes_twice, tuple(f"second {end}, first answered" for end in SOME_CODE)),
    Case("an upgrade of a WebSocket session", upgrades_again,
         (*(f"second {end}, first answered" for end in SOME_CODE), "second refused, first answered")),
]

CASES = FRAMES
