"""Clients of the official JavaScript library, socket.io-client, in a Node process (official/node.mjs)."""

from __future__ import annotations

from .clients import Client, Locate
from .official.piped import Program, client_options, node
from .waiting import wait_for


class NodeClient(Client):
    """One client in the Node process of NodeClients."""

    def __init__(self, name: str, mode: str, locate: Locate | None, program: Program) -> None:
        super().__init__(name, mode, locate)
        self.closed = False
        self._program = program
        self._transport: str | None = None

    def transport(self) -> str | None:
        return self._transport

    def send(self, data: object) -> None:
        self._program.command(do="emit", client=self.name, namespace="/", event="message", args=[data])

    def close(self) -> None:
        self._program.command(do="close", client=self.name)
        wait_for(lambda: self.closed, 10, f"{self.name} to close")

    def take(self, line: dict) -> None:
        """One report of the Node process."""
        match line["saw"]:
            case "connect":
                self.enter(line["sid"])
            case "transport":
                self._transport = line["name"]
            case "event":
                self.receive(line["event"], *line["args"])
            case "disconnect":
                self.leave(line["reason"])
            case "error":
                self.errors.append(line["message"])
            case "close":
                self.closed = True


class NodeClients:
    """Opens JavaScript clients against one address and closes all of them."""

    library = "socket.io-client"

    def __init__(self, url: str, locate: Locate | None = None) -> None:
        self._url = url
        self._locate = locate
        self._clients: dict[str, NodeClient] = {}
        self._program = Program(node(), lambda line: self._clients[line["client"]].take(line))

    def open(self, mode: str) -> NodeClient:
        client = NodeClient(f"node-{len(self._clients)}", mode, self._locate, self._program)
        self._clients[client.name] = client
        self._program.command(do="open", client=client.name, url=self._url, namespaces=["/"],
                              options=client_options(mode))
        return client

    def close(self) -> None:
        self._program.close()
