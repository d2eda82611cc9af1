"""Clients in a process of their own, driven over its standard input and output: socket.io-client in Node, and in Java."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence

from tests.support.clients import TRANSPORTS
from tests.support.realtime_server import made_by
from tests.support.waiting import wait_for

from .client import Event, OfficialClient, Opener, from_wire, to_wire

PROGRAM = pathlib.Path(__file__).resolve().parent / "node.mjs"
# A test that waits for a reconnect does not want to wait long.
RECONNECT = {"reconnectionDelay": 200, "reconnectionDelayMax": 2000}


def client_options(mode: str, *, own_pace: bool = False) -> dict:
    """Of a client of socket.io-client; with `own_pace` it reconnects as the library does by itself."""
    return {"transports": TRANSPORTS[mode], **({} if own_pace else RECONNECT)}


def node() -> subprocess.Popen:
    environment = {**os.environ, "NODE_PATH": os.environ.get("NODE_PATH") or made_by("node_modules")}
    return piped("node", str(PROGRAM), env=environment)


def java() -> subprocess.Popen:
    # Little heap and one compiler: it shares two cores with everything else.
    return piped("java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", made_by("java_classpath"), "Clients")


def piped(*command: str, **options: object) -> subprocess.Popen:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", **options)


class Program:
    """The process, and a thread that reads what it reports."""

    def __init__(self, process: subprocess.Popen, take: Callable[[dict], None]) -> None:
        self._process = process
        self._take = take
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        # Not splitlines(): it would break at U+2028 too, which JSON leaves as it is.
        for line in self._process.stdout:
            self._take(json.loads(line))

    def command(self, **what: object) -> None:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            # It still has a poll that a replica holds, because the farewell went to another one.
            self._process.terminate()
            self._process.wait(timeout=20)
        self._reader.join()


class PipedClient(OfficialClient):
    def __init__(self, name: str, mode: str, namespaces: Sequence[str], program: Program) -> None:
        super().__init__(name, mode, namespaces)
        self._program = program
        self._transport: str | None = None
        self._closed = False

    def transport(self) -> str | None:
        return self._transport

    def send(self, namespace: str, event: str, args: Sequence[object], ack: int | None) -> None:
        wanted = {} if ack is None else {"ack": ack}
        self._program.command(do="emit", client=self.name, namespace=namespace, event=event, args=to_wire(args), **wanted)

    def leave(self, namespace: str) -> None:
        self._program.command(do="leave", client=self.name, namespace=namespace)

    def close(self) -> None:
        self._program.command(do="close", client=self.name)
        wait_for(lambda: self._closed, 10, f"{self.name} to close")

    def take(self, line: dict) -> None:
        """One report of the program."""
        match line["saw"]:
            case "connect":
                self.on_connect(line["namespace"], line["sid"])
            case "transport":
                self._transport = line["name"]
            case "event":
                self.events.append(Event(line["namespace"], line["event"], from_wire(line["args"])))
            case "ack":
                self.answers[line["ack"]] = from_wire(line["args"])
            case "disconnect":
                self.on_disconnect(line["namespace"], line["reason"])
            case "error":
                self.errors.append((line["namespace"], line["message"]))
            case "close":
                self._closed = True


class PipedOpener(Opener):
    def __init__(self, url: str, process: subprocess.Popen, **settings: object) -> None:
        super().__init__(url, **settings)
        self._clients: dict[str, PipedClient] = {}
        self._program = Program(process, lambda line: self._clients[line["client"]].take(line))

    def open(self, mode: str, *, namespaces: Sequence[str] = ("/",), auth: Mapping[str, str] | None = None) -> PipedClient:
        client = PipedClient(self.next_name(), mode, namespaces, self._program)
        self._clients[client.name] = client
        wanted = {} if auth is None else {"auth": dict(auth)}
        self._program.command(do="open", client=client.name, url=self.url, namespaces=list(namespaces),
                              options=client_options(mode, own_pace=self.own_pace), **wanted)
        return client

    def close(self) -> None:
        self._program.close()


class NodeOpener(PipedOpener):
    library = "socket.io-client"

    def __init__(self, url: str, **settings: object) -> None:
        super().__init__(url, node(), **settings)


class JavaOpener(PipedOpener):
    library = "java"

    def __init__(self, url: str) -> None:
        super().__init__(url, java())
