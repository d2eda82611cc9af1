"""The rows of the tables of malformed requests, frames and packets, and how an answer is described in text."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
from collections.abc import Awaitable, Callable

from tests.support.raw import GONE, Answer, Connection

# Takes the server's address; says what the server did.
Act = Callable[[str], Awaitable[str]]

MESSAGES = ("Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden",
            "Unsupported protocol version")
DESTROYED = "destroyed"
STAYS_OPEN = "stays open"
# Where time is waited for it is the server's, and the server's are all shorter.
PATIENCE = 5


@dataclasses.dataclass(frozen=True)
class Case:
    """`answer` is what the server does, or several things where no document says which; `peer` is what socket.io does
    where that is something else."""

    name: str
    act: Act
    answer: str | tuple[str, ...]
    peer: str | tuple[str, ...] | None = None

    def expected(self, peer: bool) -> tuple[str, ...]:
        wanted = self.peer if peer and self.peer is not None else self.answer
        return (wanted,) if isinstance(wanted, str) else wanted

    async def seen(self, address: str) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.act(address)
        except TimeoutError:
            return f"nothing within {PATIENCE} s"
        except (OSError, asyncio.IncompleteReadError) as error:
            return f"{type(error).__name__} at an unexpected place: {error}"


def in_words(answer: Answer) -> str:
    """`400 code 1`, `200 open` for an Engine.IO handshake, else the status alone."""
    if answer.body.startswith(b"0{"):
        return f"{answer.status} open"
    try:
        error = json.loads(answer.body)
        # Everything else in it, for example the owner of a session, is opaque.
        if error["message"] == MESSAGES[error["code"]]:
            return f"{answer.status} code {error['code']}"
    except (ValueError, TypeError, LookupError):
        pass
    return str(answer.status)


async def next_answer(connection: Connection, words: Callable[[Answer], str] = in_words) -> str:
    try:
        return words(await connection.answer())
    except GONE:
        return DESTROYED


async def ending(connection: Connection) -> str:
    """What comes after an answer: further answers, and what becomes of the connection."""
    rest, end = bytearray(), "closes"
    try:
        async with asyncio.timeout(2):
            while more := await connection.reader.read(1 << 16):
                rest += more
    except TimeoutError:
        end = STAYS_OPEN
    except ConnectionError:
        pass
    return ", ".join([*re.findall(r"^HTTP/1.1 (\d+)", rest.decode("latin-1"), re.MULTILINE), end])
