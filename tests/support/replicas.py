"""The bundled server's replicas as the tests reach them, past the ingress: what they count, and whose a session is."""

from __future__ import annotations

import contextlib
import re

import requests

from . import metrics
from .app import App

OWNER = 4  # an id's first characters, which are the same in all ids of a replica


def address(pod: dict) -> str:
    return f"{pod['status']['podIP']}:8080"


def admin(pod: dict) -> str:
    return f"{pod['status']['podIP']}:9090"


def connections(app: App) -> dict[str, int]:
    """How many clients each replica holds."""
    return {pod["metadata"]["name"]: int(metrics.total(metrics.samples(admin(pod)), "connections")) for pod in app.pods()}


class Owners:
    """Tells the replica of a session by its id."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._names: dict[str, str] = {}

    def __call__(self, sid: str) -> str | None:
        if sid[:OWNER] not in self._names:
            self._look()
        return self._names.get(sid[:OWNER])

    def _look(self) -> None:
        """Opens a session on each replica that is not known, and closes it."""
        for pod in self._app.pods():
            name = pod["metadata"]["name"]
            if name in self._names.values() or "podIP" not in pod["status"]:
                continue
            with contextlib.suppress(requests.ConnectionError):
                url = f"http://{address(pod)}/socket.io/?EIO=4&transport=polling"
                handshake = requests.get(url, timeout=5)
                if not handshake.ok:
                    continue
                sid = re.search(r'"sid":"([^"]+)"', handshake.text)[1]
                requests.post(f"{url}&sid={sid}", data="1", timeout=5)
                assert handshake.headers["Realtime-Replica"] == name
                self._names[sid[:OWNER]] = name
