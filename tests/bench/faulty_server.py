"""A small Socket.IO server on WebSockets that does one thing wrong, for the load generator to find:

    faulty_server.py FAULT

Prints the port it listens on. Messages are counted from 0; the fault befalls number 5, and the client that joined first.
`ask` is none, but when number 5 comes it prints it, and continues when a line arrives on the standard input."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct
import sys
import time

FATED = 5
STALL_SECONDS = 0.4
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def frame(text: str) -> bytes:
    payload = text.encode()
    size = len(payload)
    return (bytes([0x81, size]) if size < 126 else struct.pack(">BBH", 0x81, 126, size)) + payload


class Server:
    """One fault, and every client that has joined."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.joined: list[asyncio.StreamWriter] = []
        self.count = 0
        self.held: bytes | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            key = next(line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            writer.write(frame('0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'))
            while (text := await self.receive(reader)) is not None:
                self.take(writer, text)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if writer in self.joined:
                self.joined.remove(writer)
            writer.close()

    @staticmethod
    async def receive(reader: asyncio.StreamReader) -> str | None:
        """The next text message; none after a close frame."""
        first, size = await reader.readexactly(2)
        size &= 0x7f
        if size == 126:
            (size,) = struct.unpack(">H", await reader.readexactly(2))
        mask = await reader.readexactly(4)
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(await reader.readexactly(size)))
        return payload.decode() if first == 0x81 else None

    def take(self, writer: asyncio.StreamWriter, text: str) -> None:
        if text == "40":
            if self.fault == "refuse":
                writer.write(frame('44{"message":"no"}'))
                return
            self.joined.append(writer)
            writer.write(frame('40{"sid":"b"}'))
            writer.write(frame('42["welcome",{"to":"you"}]'))
        elif text.startswith('42["message",'):
            self.broadcast(frame('42["response",{"echo":' + text[len('42["message",'):-1] + "}]"))

    def broadcast(self, message: bytes) -> None:
        number, self.count = self.count, self.count + 1
        if self.fault == "ask" and number == FATED:
            print(number, flush=True)
            sys.stdin.readline()
        if self.fault == "stall" and number == FATED:
            until = time.process_time() + STALL_SECONDS
            while time.process_time() < until:
                pass
        for position, writer in enumerate(list(self.joined)):
            if self.fault == "split":
                self.write_in_two(writer, message)
            elif position == 0 and number in (FATED, FATED + 1):
                self.write_fated(writer, message, number)
            else:
                writer.write(message)

    def write_fated(self, writer: asyncio.StreamWriter, message: bytes, number: int) -> None:
        if self.fault == "swap":
            if number == FATED:
                self.held = message
            else:
                writer.write(message + self.held)
        elif number == FATED + 1 or self.fault not in ("drop", "duplicate", "corrupt", "cut"):
            writer.write(message)
        elif self.fault == "duplicate":
            writer.write(message + message)
        elif self.fault == "corrupt":
            writer.write(message[:-5] + b"?" + message[-4:])
        elif self.fault == "cut":
            writer.close()

    @staticmethod
    def write_in_two(writer: asyncio.StreamWriter, message: bytes) -> None:
        """The second half goes with the next message's first."""
        held = getattr(writer, "held", b"")
        writer.write(held + message[:20])
        writer.held = message[20:]
        asyncio.get_running_loop().call_later(0.01, Server.write_held, writer, writer.held)

    @staticmethod
    def write_held(writer: asyncio.StreamWriter, held: bytes) -> None:
        if writer.held is held:
            writer.write(held)
            writer.held = b""


async def main() -> None:
    server = await asyncio.start_server(Server(sys.argv[1]).serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
