"""Engine.IO and Socket.IO packets that are none, or come where they may not; on a WebSocket, where each is a frame."""

from __future__ import annotations

from tests.support.raw import Closed, WebSocket, open_websocket, round_trip

from .case import Act, Case
from .polling import MAX_PAYLOAD

OPEN, CLOSED = "open", "closed"
PROBE = '42["message","still there"]'
PROBED = '42["message-back","still there"]'
RESERVED_EVENTS = ("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener")


async def until(websocket: WebSocket, *beginnings: str) -> None:
    """Until one of these is answered."""
    while not str(await websocket.receive()).startswith(beginnings):
        pass


def sends(*packets: str | bytes) -> Act:
    """Packets of a new session, then what shows whether it is still there: its own event comes back. CONNECT and
    DISCONNECT are waited for: the peer carries them out a little later."""
    async def act(address: str) -> str:
        async with await open_websocket(address) as websocket:
            try:
                for packet in packets:
                    websocket.send(packet)
                    if packet[:2] == "40":
                        await until(websocket, "40", "44")
                    if packet == "41":
                        await round_trip(address)
                websocket.send(PROBE)
                await until(websocket, PROBED)
            except Closed as end:
                # 1006: cut without a word. Which code it is no document says.
                return CLOSED if end.code != 1006 else "cut"
            return OPEN
    return act


def joined(*packets: str | bytes) -> Act:
    """The same after CONNECT."""
    return sends("40", *packets)


ENGINE_IO = [
    Case("an empty packet", joined(""), CLOSED),
    Case("a packet of no type", joined("7"), CLOSED),
    Case("the client's own ping", joined("2"), CLOSED),
    Case("a probe outside an upgrade", joined("2probe"), CLOSED),
    Case("the client's open", joined("0{}"), OPEN),
    Case("the client's upgrade", joined("5"), OPEN),
    Case("the client's noop", joined("6"), OPEN),
    Case("a pong that nobody waits for", joined("3", "3"), OPEN),
    # The peer ignores it on a WebSocket, and closes on long polling.
    Case("the client's close", joined("1"), CLOSED, peer=OPEN),
    Case("base64 that is none", joined('451-["message",{"_placeholder":true,"num":0}]', "b!!!!"), CLOSED, peer=OPEN),
    Case("a binary packet in base64", joined('451-["message",{"_placeholder":true,"num":0}]', "bAQID"), OPEN),
]

ORDER = [
    Case("an event before CONNECT", sends('42["message"]'), CLOSED),
    Case("an event to a namespace that was not joined", joined('42/custom,["message"]'), CLOSED),
    Case("an acknowledgement before CONNECT", sends("430[]"), CLOSED),
    Case("a DISCONNECT before CONNECT", sends("41"), CLOSED),
    Case("a second CONNECT", joined("40"), CLOSED),
    Case("a second CONNECT to another namespace", joined("40/custom,", "40/custom,"), CLOSED),
    Case("a second CONNECT after DISCONNECT", joined("41", "40"), OPEN),
    Case("a CONNECT to an unknown namespace", joined("40/nobody,"), OPEN),
    Case("an event after DISCONNECT", joined("41"), CLOSED),
    Case("an acknowledgement that nobody waits for", joined("4312345[1]"), OPEN),
    Case("a binary that nobody waits for", joined(b"\1\2"), CLOSED),
    Case("a text while an attachment is due", joined('451-["message",{"_placeholder":true,"num":0}]'), CLOSED),
    Case("one attachment too many", joined('451-["message",{"_placeholder":true,"num":0}]', b"1", b"2"), CLOSED),
]

CONNECT_PAYLOADS = [Case(f"CONNECT with {payload or 'half an object'}", sends("40" + payload), CLOSED)
                    for payload in ("[]", '"text"', "null", "true", '{"a":', "{}x", "{,}")]

RESERVED = [Case(f"the event {event}", joined(f'42["{event}"]'), CLOSED) for event in RESERVED_EVENTS]

NO_EVENTS = [Case(f"an event with {payload}", joined("42" + payload), CLOSED) for payload in (
    "{}", '"message"', "[]", "[null]", "[true]", "[{}]", '[["message"]]', "null",
    '["message"', '["message"]]', '["message"]x', '["message",]', "['message']", '["message",NaN]', '["message",01]',
    '["message",1.]', '["message",.5]', '["message",+1]', '["message",1e]', '["message",tru]', '["message","\x01"]',
    '["message","\\x41"]', '["message","\\u12"]', '["message" "a"]', '["message",{"a"}]', '["message",{"a":1,}]',
    '["message",{1:2}]', '["message",/**/1]')]

# What JavaScript treats as a number, or what the reference server does not check.
LENIENT = [
    Case("an event with nothing", joined("42"), CLOSED, peer=OPEN),
    Case("an acknowledgement with nothing", joined("431"), CLOSED, peer=OPEN),
    Case("a byte order mark before a payload", joined('42\ufeff["message"]'), CLOSED, peer=OPEN),
    Case("attachments: 1.0-", joined('451.0-["message",{"_placeholder":true,"num":0}]', b"1"), CLOSED, peer=OPEN),
]

ATTACHMENTS = [
    *(Case(f"attachments: {count}", joined(f'45{count}["message",{{"_placeholder":true,"num":0}}]', b"1"), CLOSED)
      for count in ("", "0-", "11-", "-1-", "x-", "99999999999999999999-")),
    Case("attachments without a dash", joined('451["message"]', b"1"), CLOSED),
    Case("a placeholder out of range", joined('451-["message",{"_placeholder":true,"num":1}]', b"1"), CLOSED),
    Case("a placeholder below the range", joined('451-["message",{"_placeholder":true,"num":-1}]', b"1"), CLOSED),
    Case("a placeholder with a text", joined('451-["message",{"_placeholder":true,"num":"0"}]', b"1"), CLOSED),
    # The peer has a limit for each attachment, none for all of an event.
    Case("attachments over maxPayload together", joined(
        '452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', b"1" * (MAX_PAYLOAD * 3 // 5),
        b"2" * (MAX_PAYLOAD * 3 // 5)), CLOSED, peer=OPEN),
    Case("a placeholder in a text event", joined('42["message",{"_placeholder":true,"num":0}]'), OPEN),
]

OTHERS = [
    *(Case(f"packet type {kind or 'missing'}", joined(f"4{kind}"), CLOSED) for kind in ("", "7", "8", "9", "a", "-1")),
    Case("DISCONNECT with a payload", joined("41{}"), CLOSED),
    Case("DISCONNECT with half a payload", joined("41{"), CLOSED),
    Case("CONNECT_ERROR from a client", joined('44{"message":"no"}'), CLOSED),
    Case("an acknowledgement without an id", joined("43[]"), (CLOSED, OPEN)),
    Case("an acknowledgement with an object", joined("431{}"), CLOSED),
    Case("an id that is no number", joined('42x1["message"]'), CLOSED),
    Case("an id below zero", joined('42-1["message"]'), CLOSED),
    Case("a namespace without a comma", joined('42/custom["message"]'), CLOSED),
    Case("an event named by a number", joined("42[1]"), OPEN),
    Case("a number that no type holds", joined('42["message",1e400,-0,123456789012345678901234567890]'), OPEN),
    Case("a lone surrogate in an escape", joined('42["message","\\ud800"]'), OPEN),
    Case("an event of 100 nested arrays", joined('42["message",' + "[" * 100 + "]" * 100 + "]"), OPEN),
    # The peer has no limit. Some 10,000 end its process: looking for binary it runs out of stack.
    Case("an event of 200 nested arrays", joined('42["message",' + "[" * 200 + "]" * 200 + "]"), CLOSED, peer=OPEN),
]

CASES = [*ENGINE_IO, *ORDER, *CONNECT_PAYLOADS, *RESERVED, *NO_EVENTS, *LENIENT, *ATTACHMENTS, *OTHERS]
