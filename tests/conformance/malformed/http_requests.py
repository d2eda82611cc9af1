"""Requests that are wrong as HTTP, or as the beginning of an Engine.IO session."""

from __future__ import annotations

from tests.support.raw import POLL, SOCKET, Connection, handshake

from .case import DESTROYED, Act, Case, ending, in_words, next_answer

# RFC 9112 lets a server choose between these where it does not understand what comes.
BAD = ("400", DESTROYED)
BAD_THEN_CLOSED = ("400, closes", DESTROYED)
EVIL = "https://evil.example"


def asks(method: str, target: str, body: str | None = None, **headers: str) -> Act:
    """A request that is well-formed HTTP."""
    async def act(address: str) -> str:
        async with await Connection.open(address) as connection:
            connection.ask(method, target, body, **headers)
            return await next_answer(connection)
    return act


def gets(query: str) -> Act:
    return asks("GET", f"/socket.io/?{query}")


def upgrades(query: str = "EIO=4&transport=websocket", method: str = "GET", without: str = "", **headers: str) -> Act:
    """A request for a WebSocket. `text` says that the answer is not JSON."""
    async def act(address: str) -> str:
        async with await Connection.open(address) as connection:
            wanted = {**handshake(), **headers}
            wanted.pop(without, None)
            connection.ask(method, f"/socket.io/?{query}", **wanted)
            return await next_answer(connection, lambda answer: "text " + in_words(answer))
    return act


def head(*lines: str, target: str = POLL, method: str = "GET", version: str = "HTTP/1.1", host: str = "Host: localhost") -> bytes:
    return "\r\n".join([f"{method} {target} {version}", *([host] if host else []), *lines, "", ""]).encode("latin-1")


def sends(data: bytes) -> Act:
    """Bytes as they are."""
    async def act(address: str) -> str:
        async with await Connection.open(address) as connection:
            connection.write(data)
            return await next_answer(connection)
    return act


def smuggles(*headers: str, body: bytes = b"") -> Act:
    """A POST whose end is in doubt, with a request hidden in what follows it. That must never be answered."""
    async def act(address: str) -> str:
        async with await Connection.open(address) as connection:
            connection.write(head(*headers, method="POST") + body + head(target="/hidden"))
            answer = await next_answer(connection)
            return answer if answer == DESTROYED else f"{answer}, {await ending(connection)}"
    return act


HANDSHAKES = [
    Case("no transport", gets("EIO=4"), "400 code 0"),
    Case("transport empty", gets("EIO=4&transport="), "400 code 0"),
    Case("transport of another name", gets("EIO=4&transport=carrier-pigeon"), "400 code 0"),
    Case("transport named like what every object has", gets("EIO=4&transport=constructor"), "400 code 0"),
    Case("transport unknown goes before sid unknown", gets("EIO=4&transport=x&sid=nobody"), "400 code 0"),
    Case("websocket without asking for an upgrade", gets("EIO=4&transport=websocket"), "400 code 3"),
    Case("sid unknown", gets("EIO=4&transport=polling&sid=nobody"), "400 code 1"),
    Case("sid long and strange", gets("EIO=4&transport=polling&sid=" + "%00%ff/" * 500), "400 code 1"),
    Case("sid unknown goes before version", gets("EIO=3&transport=polling&sid=nobody"), "400 code 1"),
    Case("sid unknown goes before method", asks("PUT", f"{POLL}&sid=nobody"), "400 code 1"),
    Case("POST without a sid", asks("POST", POLL, "40"), "400 code 2"),
    Case("PUT without a sid", asks("PUT", POLL), "400 code 2"),
    Case("DELETE without a sid", asks("DELETE", POLL), "400 code 2"),
    Case("OPTIONS without a sid", asks("OPTIONS", POLL), ("400 code 2", "204")),
    Case("method goes before version", asks("PUT", "/socket.io/?EIO=3&transport=polling"), "400 code 2"),
    Case("version 3", gets("EIO=3&transport=polling"), "400 code 5"),
    Case("version 5", gets("EIO=5&transport=polling"), "400 code 5"),
    Case("version absent", gets("transport=polling"), "400 code 5"),
    Case("version empty", gets("EIO=&transport=polling"), "400 code 5"),
    Case("version 04", gets("EIO=04&transport=polling"), "400 code 5"),
    Case("version 4.0", gets("EIO=4.0&transport=polling"), "400 code 5"),
    Case("a query that decodes to nothing", gets("EIO=4&transport=polling&t=%zz%"), "200 open"),
    Case("a page of another origin", asks("GET", POLL, Origin=EVIL), "403 code 4"),
    Case("a page without an origin", asks("GET", POLL, Origin="null"), "403 code 4"),
    Case("a page of another port", asks("GET", POLL, Host="localhost:1", Origin="http://localhost:2"), "403 code 4"),
    Case("an origin with the host in it", asks("GET", POLL, Host="localhost", Origin="http://localhost.evil.example"),
         "403 code 4"),
    Case("a page of the same origin", asks("GET", POLL, Host="localhost:1", Origin="http://localhost:1"), "200 open"),
]

UPGRADES = [
    Case("upgrade: of another origin", upgrades(Origin=EVIL), ("text 400", "text 403")),
    Case("upgrade: sid unknown", upgrades("EIO=4&transport=websocket&sid=nobody"), "text 400"),
    Case("upgrade: transport unknown", upgrades("EIO=4&transport=x"), "text 400"),
    # The peer answers 101 and writes an HTTP answer into the WebSocket.
    Case("upgrade: version 3", upgrades("EIO=3&transport=websocket"), "text 400", peer="text 101"),
    # The peer upgrades, and never says a word.
    Case("upgrade: of polling", upgrades("EIO=4&transport=polling"), ("text 400", "text 200 open"), peer="text 101"),
    Case("upgrade: POST", upgrades(method="POST"), ("text 400", "text 405")),
    Case("upgrade: WebSocket version 12", upgrades(Sec_WebSocket_Version="12"), "text 426", peer="text 400"),
    Case("upgrade: no WebSocket version", upgrades(without="Sec_WebSocket_Version"), ("text 400", "text 426")),
    Case("upgrade: no key", upgrades(without="Sec_WebSocket_Key"), "text 400"),
    Case("upgrade: key too short", upgrades(Sec_WebSocket_Key="c2hvcnQ="), "text 400"),
    Case("upgrade: key too long", upgrades(Sec_WebSocket_Key="c2hvcnQ=" * 4), "text 400"),
    Case("upgrade: key no base64", upgrades(Sec_WebSocket_Key="?" * 22 + "=="), "text 400"),
    Case("upgrade: to another protocol", upgrades(Upgrade="h2c"), ("text 400", "text 400 code 3")),
    Case("upgrade: no Connection header", upgrades(without="Connection"), ("text 400", "text 400 code 3")),
    Case("upgrade: HTTP/1.0", sends(head("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", target=SOCKET, version="HTTP/1.0")),
         ("400", "426", "400 code 3"), peer="101"),
]

HTTP = [
    Case("another path", asks("GET", "/nowhere"), "404", peer="nothing within 5 s"),
    Case("a path that goes up", asks("GET", "/../../etc/passwd"), ("400", "404"), peer="nothing within 5 s"),
    Case("no words", sends(b"\x00\x01\x02\x03\r\n\r\n"), BAD),
    Case("TLS", sends(bytes.fromhex("16030100a5010000a10303")), BAD),
    Case("no version", sends(b"GET /\r\n\r\n"), BAD, peer="nothing within 5 s"),
    Case("HTTP/2.0", sends(head(version="HTTP/2.0")), ("400", "505", DESTROYED), peer="200 open"),
    Case("HTTP/9.9", sends(head(version="HTTP/9.9")), ("400", "505", DESTROYED)),
    Case("HTTP/1.1 twice", sends(head(version="HTTP/1.1 HTTP/1.1")), BAD),
    Case("a method of none's", sends(head(method="BREW")), ("400", "400 code 2", "405", "501")),
    Case("a method with a space in front", sends(b" " + head()), BAD),
    Case("CONNECT", sends(head(method="CONNECT", target="localhost:1")), ("400", "404", "405", "501", DESTROYED)),
    Case("a target without a slash", sends(head(target="socket.io")), ("400", "404")),
    Case("no Host", sends(head(host="")), "400"),
    Case("two Hosts", sends(head("Host: elsewhere")), "400", peer="200 open"),
    Case("a Host that is none", sends(head(host="Host: a b/c")), "400", peer="200 open"),
    Case("a header without a colon", sends(head("nonsense")), BAD),
    Case("a space before the colon", sends(head("X-A : b")), BAD),
    Case("a header without a name", sends(head(": b")), BAD),
    Case("a folded header", sends(head("X-A: b", " c")), (*BAD, "200 open")),
    Case("a NUL in a header", sends(head("X-A: b\0c")), BAD),
    Case("a bare CR in a header", sends(head("X-A: b\rc")), BAD),
    Case("a bare LF at the end of lines", sends(head().replace(b"\r\n", b"\n")), BAD),
    Case("headers over 16 KiB", sends(head("X-A: " + "a" * 17_000)), "431"),
    Case("a target over 16 KiB", sends(head(target=POLL + "&t=" + "a" * 17_000)), ("414", "431")),
    # The peer counts names and values, not what is between them.
    Case("two thousand headers", sends(head(*(f"X-{number}: 1" for number in range(2000)))), "431", peer="431"),
    Case("headers without an end", sends(b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 100_000), ("431", DESTROYED)),
    Case("headers that come slowly", sends(head()[:-2]), ("408", DESTROYED)),
    Case("a connection that says nothing", sends(b""), ("408", DESTROYED)),
    Case("an expectation that nobody meets", sends(head("Expect: the-unexpected", "Content-Length: 0", method="POST")),
         ("417", "400 code 2")),
    Case("Content-Length negative", sends(head("Content-Length: -4", method="POST")), BAD),
    Case("Content-Length with a sign", sends(head("Content-Length: +4", method="POST") + b"6666"), BAD),
    Case("Content-Length in hexadecimal", sends(head("Content-Length: 0x4", method="POST") + b"6666"), BAD),
    Case("Content-Length empty", sends(head("Content-Length: ", method="POST")), (*BAD, "400 code 2")),
    Case("Content-Length beyond 64 bits", sends(head("Content-Length: 18446744073709551620", method="POST")), (*BAD, "413")),
    Case("smuggling: Content-Length, then Transfer-Encoding",
         smuggles("Content-Length: 4", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), BAD_THEN_CLOSED),
    Case("smuggling: Transfer-Encoding, then Content-Length",
         smuggles("Transfer-Encoding: chunked", "Content-Length: 40", body=b"0\r\n\r\n"), BAD_THEN_CLOSED),
    Case("smuggling: two lengths", smuggles("Content-Length: 2", "Content-Length: 40", body=b"66"), BAD_THEN_CLOSED),
    Case("smuggling: a list of lengths", smuggles("Content-Length: 2, 40", body=b"66"), BAD_THEN_CLOSED),
    Case("smuggling: an encoding that is not understood", smuggles("Transfer-Encoding: xchunked"),
         (*BAD_THEN_CLOSED, "501, closes"), peer="400 code 2, closes"),
    Case("smuggling: chunked, but not last", smuggles("Transfer-Encoding: chunked, gzip"),
         (*BAD_THEN_CLOSED, "501, closes")),
    Case("smuggling: chunked twice", smuggles("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
         (*BAD_THEN_CLOSED, "501, closes")),
    Case("smuggling: a chunk's size is no number", smuggles("Transfer-Encoding: chunked", body=b"zz\r\n66\r\n0\r\n\r\n"),
         (*BAD_THEN_CLOSED, "400 code 2, closes")),
    Case("smuggling: a chunk's size beyond 64 bits",
         smuggles("Transfer-Encoding: chunked", body=b"1" + b"0" * 16 + b"2\r\n66\r\n0\r\n\r\n"),
         (*BAD_THEN_CLOSED, "400 code 2, closes", "413, closes")),
    Case("smuggling: a chunk longer than it says", smuggles("Transfer-Encoding: chunked", body=b"2\r\n6666\r\n0\r\n\r\n"),
         (*BAD_THEN_CLOSED, "400 code 2, closes", "400 code 2, 400, closes")),
]

CASES = [*HANDSHAKES, *UPGRADES, *HTTP]
