"""WebSocket frames: those that `ws` and Python's `websockets` write are read by the server's reader as they were meant,
in whatever pieces they arrive, and the server's own are read by both."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import random
import struct
import subprocess
from collections.abc import Callable, Iterator

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from tests.support.programs import built

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = 6455
# Around every size at which a header, or our reading of it, changes.
SIZES = (0, 1, 2, 3, 4, 7, 8, 9, 124, 125, 126, 127, 128, 255, 256, 1000, 65534, 65535, 65536, 65537, 200_000)
OPCODES = {"t": Opcode.TEXT, "b": Opcode.BINARY, "p": Opcode.PING, "o": Opcode.PONG, "c": Opcode.CLOSE}

Event = tuple[str, bytes]
Step = tuple[str, list[bytes]]  # a kind, and the fragments it is sent in


def text_of(size: int, rng: random.Random) -> bytes:
    """Exactly so many bytes of UTF-8, some of them in characters of several."""
    whole = "".join(rng.choices("aZé€😀\0\x1e", k=size)).encode()[:size]
    return whole.decode(errors="ignore").encode().ljust(size, b"x")


def payload_of(kind: str, size: int, rng: random.Random) -> bytes:
    return text_of(size, rng) if kind == "t" else rng.randbytes(size)


def cut(payload: bytes, parts: int, rng: random.Random) -> list[bytes]:
    cuts = sorted(rng.randint(0, len(payload)) for _ in range(parts - 1))
    return [payload[a:b] for a, b in zip([0, *cuts], [*cuts, len(payload)])]


@functools.cache
def streams() -> list[list[Step]]:
    rng = random.Random(SEED)
    made = [[(kind, [payload_of(kind, size, rng)]) for size in SIZES] for kind in "tb"]
    for size in SIZES:
        steps: list[Step] = []
        for _ in range(4):
            kind = rng.choice("tb")
            steps.append((kind, cut(payload_of(kind, size, rng), rng.randint(1, 5), rng)))
            steps.append((rng.choice("po"), [rng.randbytes(rng.choice((0, 1, 124, 125)))]))
        steps.append(("c", [struct.pack(">H", rng.choice((1000, 1001, 3000, 4999))) + text_of(rng.choice((0, 123)), rng)]))
        made.append(steps)
    return made


def events_of(stream: list[Step]) -> list[Event]:
    """What is to be read: between the fragments of a message come a ping and a pong."""
    events: list[Event] = []
    for kind, parts in stream:
        events += [("p", b"between"), ("o", b"")] * (len(parts) - 1)
        events.append((kind, b"".join(parts)))
    return events


def events_in(output: bytes) -> list[Event]:
    events = []
    while output:
        (size,) = struct.unpack_from("<I", output, 1)
        events.append((chr(output[0]), output[5:5 + size]))
        output = output[5 + size:]
    return events


def run(*command: object, given: bytes) -> bytes:
    return subprocess.run([str(word) for word in command], input=given, stdout=subprocess.PIPE, check=True).stdout


def sized(stream: bytes) -> bytes:
    return struct.pack("<I", len(stream)) + stream


def ws(job: str, given: bytes) -> bytes:
    if "NODE_PATH" not in os.environ:
        os.environ["NODE_PATH"] = run(ROOT / "tests" / "support" / "node_modules", given=b"").decode().strip()
    return run("node", ROOT / "tests" / "support" / "ws_frames.mjs", job, given=given)


@functools.cache
def made_by_ws() -> list[bytes]:
    steps = [[{"kind": kind, "fragments": [part.hex() for part in parts]} for kind, parts in stream]
             for stream in streams()]
    output = ws("make", json.dumps(steps).encode())
    made = []
    while output:
        (size,) = struct.unpack_from("<I", output)
        made.append(output[4:4 + size])
        output = output[4 + size:]
    return made


def frames_of(stream: list[Step]) -> Iterator[Frame]:
    for kind, parts in stream:
        for i, part in enumerate(parts):
            if i > 0:
                yield from (Frame(Opcode.PING, b"between"), Frame(Opcode.PONG, b""))
            yield Frame(OPCODES[kind] if i == 0 else Opcode.CONT, part, fin=i == len(parts) - 1)


@functools.cache
def made_by_websockets() -> list[bytes]:
    return [b"".join(frame.serialize(mask=True) for frame in frames_of(stream)) for stream in streams()]


def read_by_websockets(frames: bytes) -> list[Event]:
    reader = StreamReader()
    reader.feed_data(frames)
    reader.feed_eof()
    kinds = {opcode: kind for kind, opcode in OPCODES.items()}
    events = []
    while reader.buffer:
        parsing = Frame.parse(reader.read_exact, mask=False)
        try:
            next(parsing)
        except StopIteration as done:
            assert done.value.fin
            events.append((kinds[done.value.opcode], bytes(done.value.data)))
    return events


@pytest.fixture(scope="module")
def program() -> pathlib.Path:
    return built("asan", "frame-codec") / "frame-codec"


@pytest.mark.parametrize("piece", [1, 7, 1000, 65_536, 10_000_000])
@pytest.mark.parametrize("made", [made_by_ws, made_by_websockets], ids=["ws", "websockets"])
def test_what_clients_write_is_read_as_it_was_meant(program, made: Callable, piece: int):
    wanted = [event for stream in streams() for event in (*events_of(stream), (".", b""))]
    seen = events_in(run(program, "decode", piece, given=b"".join(map(sized, made()))))
    assert brief(seen) == brief(wanted)
    assert seen == wanted


def brief(events: list[Event]) -> list[str]:
    """What a failed comparison can show."""
    return [f"{kind} {len(payload)}" for kind, payload in events]


def our_events() -> list[Event]:
    rng = random.Random(SEED)
    events = [("t", b"4" + text_of(size, rng)) for size in SIZES]
    events += [("t", b"4" + text_of(size - 1, rng)) for size in SIZES if size > 0]
    events += [("b", rng.randbytes(size)) for size in SIZES]
    events += [(kind, rng.randbytes(size)) for kind in "po" for size in (0, 1, 124, 125)]
    rng.shuffle(events)
    return [*events, ("c", struct.pack(">H", 1001))]


@pytest.mark.parametrize("read", [lambda frames: events_in(ws("read", frames)), read_by_websockets], ids=["ws", "websockets"])
def test_what_we_write_is_read_as_it_was_meant(program, read: Callable):
    events = our_events()
    frames = run(program, "encode", given=b"".join(kind.encode() + sized(payload) for kind, payload in events))
    seen = read(frames)
    assert brief(seen) == brief(events)
    assert seen == events
