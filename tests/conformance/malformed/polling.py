"""What goes wrong in an Engine.IO session on long polling."""

from __future__ import annotations

from tests.support.raw import GONE, POLL, Answer, Connection, handshake, open_polling, open_websocket, round_trip

from .case import DESTROYED, Act, Case, in_words, next_answer

MAX_PAYLOAD = 1_000_000
# No document says how the POST itself is answered.
SESSION_GONE = tuple(f"{answer}; session gone" for answer in ("200", "400", "400 code 3", DESTROYED))
LIVES = "200; session lives"


def whole(answer: Answer) -> str:
    """With the body, which is short."""
    known = in_words(answer)
    return str(answer) if known == str(answer.status) else known


async def session(address: str, target: str) -> str:
    """Whether it is still there: a noop from the client is ignored."""
    async with await Connection.open(address) as connection:
        answer = in_words(await connection.request("POST", target, "6"))
    return {"200": "session lives", "400 code 1": "session gone"}.get(answer, f"session answers {answer}")


def posts(body: bytes | str, **headers: str) -> Act:
    """A POST in a session in which nobody polls."""
    async def act(address: str) -> str:
        connection, target = await open_polling(address)
        async with connection:
            connection.ask("POST", target, body, **headers)
            answer = await next_answer(connection)
        return f"{answer}; {await session(address, target)}"
    return act


def asks(method: str, version: str = "EIO=4", **headers: str) -> Act:
    """Another request in a session."""
    async def act(address: str) -> str:
        connection, target = await open_polling(address)
        async with connection:
            connection.ask(method, target.replace("EIO=4", version), **headers)
            answer = await next_answer(connection)
        return f"{answer}; {await session(address, target)}"
    return act


def posts_while_polling(body: str) -> Act:
    """What a poll gets that was already waiting, and the POST."""
    async def act(address: str) -> str:
        connection, target = await open_polling(address)
        async with connection, await Connection.open(address) as polling:
            polling.ask("GET", target)
            await round_trip(address)
            connection.ask("POST", target, body)
            seen = f"{await next_answer(connection, whole)}; poll {await next_answer(polling, whole)}"
        return f"{seen}; {await session(address, target)}"
    return act


async def polls_twice(address: str) -> str:
    connection, target = await open_polling(address)
    async with connection, await Connection.open(address) as second:
        connection.ask("GET", target)
        await round_trip(address)
        second.ask("GET", target)
        seen = f"first {await next_answer(connection, whole)}, second {await next_answer(second, whole)}"
    return f"{seen}; {await session(address, target)}"


def posts_twice(body: str) -> Act:
    async def act(address: str) -> str:
        connection, target = await open_polling(address)
        async with connection, await Connection.open(address) as second:
            connection.ask("POST", target, "6", Content_Length="100")
            await round_trip(address)
            second.ask("POST", target, body)
            seen = f"first {await next_answer(connection)}, second {await next_answer(second)}"
        return f"{seen}; {await session(address, target)}"
    return act


async def posts_too_many_chunks(address: str) -> str:
    """The size is not announced; it is met on the way."""
    connection, target = await open_polling(address)
    async with connection:
        connection.ask("POST", target, Transfer_Encoding="chunked")
        chunk = b"10000\r\n" + b"4" * 0x10000 + b"\r\n"
        try:
            for _ in range(MAX_PAYLOAD // 0x10000 + 1):
                connection.write(chunk)
                await connection.writer.drain()
            connection.write(b"0\r\n\r\n")
            answer = await next_answer(connection)
        except GONE:
            answer = DESTROYED
    return f"{answer}; {await session(address, target)}"


async def posts_slowly(address: str) -> str:
    connection, target = await open_polling(address)
    async with connection:
        connection.ask("POST", target, "6", Content_Length="100")
        return await next_answer(connection)


async def polls_in_the_middle_of_a_body(address: str) -> str:
    """A body that ends before its length, with the connection."""
    connection, target = await open_polling(address)
    async with connection:
        connection.ask("POST", target, "42", Content_Length="100")
        connection.writer.write_eof()
        await connection.end()
    return await session(address, target)


def on_a_websocket_session(method: str) -> Act:
    """A request of long polling in a session that stands on a WebSocket."""
    async def act(address: str) -> str:
        async with await Connection.open(address) as connection, await open_websocket(address) as websocket:
            websocket.send("40")
            sid = websocket.opening["sid"]
            answer = await connection.request(method, f"{POLL}&sid={sid}", "6" if method == "POST" else None)
            reply = await websocket.receive()
            return f"{in_words(answer)}; websocket {'lives' if reply.startswith('40') else reply}"
    return act


CASES = [
    Case("an empty body", posts(""), SESSION_GONE),
    Case("a packet of no type", posts("7"), SESSION_GONE),
    Case("a packet of a letter", posts("abc"), SESSION_GONE),
    Case("a good packet and then a bad one", posts("6\x1eabc"), SESSION_GONE),
    Case("nothing but separators", posts("\x1e\x1e"), SESSION_GONE),
    Case("the client's own ping", posts("2"), SESSION_GONE),
    Case("the client's own open", posts("0{}"), LIVES),
    Case("the client's upgrade on polling", posts("5"), LIVES),
    Case("the client's noop", posts("6"), LIVES),
    Case("a pong that nobody waits for", posts("3"), LIVES),
    Case("base64 that is none", posts("b!!!!"), SESSION_GONE, peer=LIVES),
    Case("UTF-8 that is none", posts(b"42[\"\xff\"]"), SESSION_GONE, peer=LIVES),
    Case("the client's close", posts("1"), "200; session gone"),
    Case("the client's close while it polls", posts_while_polling("1"), "200 ok; poll 200 6; session gone"),
    Case("application/octet-stream", posts(b"\x04\x00", Content_Type="application/octet-stream"), SESSION_GONE),
    Case("a body over maxPayload", posts("4" * (MAX_PAYLOAD + 1)), "413; session lives"),
    # The peer believes only what it has read, and so waits for what never comes.
    Case("a Content-Length over maxPayload", posts("", Content_Length=str(MAX_PAYLOAD + 1)), "413; session lives",
         peer="408; session gone"),
    Case("a Content-Length of many terabytes", posts("", Content_Length=str(1 << 50)), "413; session lives",
         peer="408; session gone"),
    Case("chunks over maxPayload", posts_too_many_chunks, "413; session lives"),
    Case("a body that comes slowly", posts_slowly, ("408", "400", DESTROYED)),
    Case("a body that ends too early", polls_in_the_middle_of_a_body, ("session gone", "session lives")),
    Case("two polls at once", polls_twice, "first 200 1, second 400; session gone"),
    Case("two POSTs at once, the second without a body", posts_twice(""), f"first {DESTROYED}, second 400; session gone"),
    Case("two POSTs at once", posts_twice("6"), f"first {DESTROYED}, second 400; session gone"),
    Case("PUT in a session", asks("PUT"), "400 code 2; session lives", peer="500; session lives"),
    Case("DELETE in a session", asks("DELETE"), "400 code 2; session lives", peer="500; session lives"),
    Case("version 3 in a session", asks("GET", "EIO=3"), "400 code 3; session lives"),
    # The peer upgrades, and never says a word.
    Case("a poll that asks for a WebSocket", asks("GET", **handshake()), "400; session lives", peer="101; session lives"),
    Case("a POST that asks for a WebSocket", asks("POST", **handshake()), ("400; session lives", "405; session lives")),
    Case("a poll of a WebSocket session", on_a_websocket_session("GET"), "400 code 3; websocket lives"),
    Case("a POST to a WebSocket session", on_a_websocket_session("POST"), "400 code 3; websocket lives"),
]
