"""Clients of the official JavaScript library, socket.io-client, in a Node process (tests/e2e/clients/fleet.mjs)."""

from __future__ import annotations

import json
import pathlib
import subprocess
import threading

from .clients import TRANSPORTS, Client
from .waiting import wait_for

PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "e2e" / "clients" / "fleet.mjs"


class NodeClient(Client):
    """One client in the Node process of NodeClients."""

    def __init__(self, name: str, mode: str, fleet: NodeClients) -> None:
        super().__init__(name, mode)
        self.closed = False
        self._fleet = fleet
        self._transport: str | None = None

    def transport(self) -> str | None:
        return self._transport

    def send(self, data: object) -> None:
        self._fleet.command(do="emit", client=self.name, event="message", data=data)

    def close(self) -> None:
        self._fleet.command(do="close", client=self.name)
        wait_for(lambda: self.closed, 10, f"{self.name} to close")

    def take(self, line: dict) -> None:
        """One report of the Node process."""
        match line["saw"]:
            case "connect":
                self.connected = True
            case "transport":
                self._transport = line["name"]
            case "event":
                self.receive(line["event"], *line["data"])
            case "disconnect":
                self.leave(line["reason"])
            case "error":
                self.errors.append(line["message"])
            case "close":
                self.closed = True


class NodeClients:
    """Opens JavaScript clients against one address and closes all of them."""

    library = "socket.io-client"

    def __init__(self, url: str) -> None:
        self._url = url
        self._clients: dict[str, NodeClient] = {}
        self._process = subprocess.Popen(["node", str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True, encoding="utf-8")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        # Not splitlines(): it would break at U+2028 too, which JSON leaves as it is.
        for line in self._process.stdout:
            report = json.loads(line)
            self._clients[report["client"]].take(report)

    def command(self, **what: object) -> None:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def open(self, mode: str) -> NodeClient:
        client = NodeClient(f"node-{len(self._clients)}", mode, self)
        self._clients[client.name] = client
        options = {"transports": TRANSPORTS[mode], "reconnectionDelay": 200, "reconnectionDelayMax": 2000}
        self.command(do="connect", client=client.name, url=self._url, options=options)
        return client

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._reader.join()
