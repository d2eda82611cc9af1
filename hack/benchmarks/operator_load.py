"""The load of the benchmark `operator`: requests over connections that are kept, and a watch that sees apps become Ready."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import pathlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

THREADS = 8
APPS = "/apis/realtimeoperator.dev/v1alpha1"
_MERGE = "application/merge-patch+json"


class Refused(Exception):
    """The API server did not do what the load asked for, so that nothing can be measured."""


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: object = None  # text goes as YAML, everything else as JSON
    accepted: tuple[int, ...] = (200, 201, 202)

    def content_type(self) -> str:
        if self.method == "PATCH":
            return _MERGE
        return "application/yaml" if isinstance(self.body, str) else "application/json"

    def payload(self) -> bytes | None:
        if self.body is None:
            return None
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclasses.dataclass(frozen=True)
class Effort:
    """What it took to put the load on."""

    seconds: float
    cpu_seconds: float  # of this process, which is the load generator


class Client:
    """The admin, as seen by the API server."""

    def __init__(self, port: int, pki: pathlib.Path) -> None:
        self._port = port
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._local = threading.local()

    def connect(self, timeout: float = 60) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self._port, timeout=timeout, context=self._tls)

    def send(self, request: Request) -> dict:
        """The answer; Refused if it is none that the request accepts."""
        for attempt in (1, 2):
            connection = getattr(self._local, "connection", None) or self.connect()
            self._local.connection = connection
            try:
                connection.request(request.method, request.path, request.payload(),
                                   {"Content-Type": request.content_type(), "Accept": "application/json"})
                answer = connection.getresponse()
                status, body = answer.status, answer.read()
                break
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self._local.connection = None
                if attempt == 2:
                    raise Refused(f"{request.method} {request.path}: {error}") from error
        if status not in request.accepted:
            raise Refused(f"{request.method} {request.path}: {status} {body[:300].decode(errors='replace')}")
        return json.loads(body)

    def get(self, path: str, absent_is_fine: bool = False) -> dict:
        """What is there; what is not, or not served yet, gives an object that only says so."""
        return self.send(Request("GET", path, accepted=(200, 404, 429, 503) if absent_is_fine else (200,)))

    def count(self, path: str) -> int:
        """How many objects a list has, without reading it."""
        found = self.get(f"{path}?limit=1")
        return len(found["items"]) + found["metadata"].get("remainingItemCount", 0)

    def put_on(self, requests: Iterable[Request]) -> Effort:
        """Sends all of them, over as many connections as there are threads."""
        start, cpu = time.monotonic(), time.process_time()
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(self.send, requests):
                pass
        return Effort(time.monotonic() - start, time.process_time() - cpu)


def readiness(app: dict) -> int:
    """The generation at which the app is Ready; 0: it is not."""
    for condition in app.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready" and condition["status"] == "True":
            generation = condition.get("observedGeneration", 0)
            return generation if generation == app["metadata"]["generation"] else 0
    return 0


class Readiness:
    """Watches all apps and notes when each became Ready, at each generation."""

    def __init__(self, client: Client) -> None:
        version = client.get(f"{APPS}/realtimeapps?limit=1")["metadata"]["resourceVersion"]
        self._connection = client.connect(timeout=3600)
        self._connection.request("GET", f"{APPS}/realtimeapps?watch=1&resourceVersion={version}&timeoutSeconds=3600")
        self._answer = self._connection.getresponse()
        self._at: dict[int, dict[str, float]] = {}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while line := self._answer.readline():
                self.note(json.loads(line), time.monotonic())
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            return  # closed

    def note(self, event: dict, now: float) -> None:
        if event["type"] not in ("ADDED", "MODIFIED"):
            return
        if generation := readiness(event["object"]):
            self._at.setdefault(generation, {}).setdefault(event["object"]["metadata"]["name"], now)

    def times(self, generation: int) -> list[float]:
        """When the apps that are Ready at this generation became so; in the clock of time.monotonic."""
        return list(self._at.get(generation, {}).values())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)  # or the reader would have it for ever
        self._thread.join()
        self._connection.close()


def wait_until(holds: Callable[[], bool], seconds: float, what: str, pause: float = 0.02) -> None:
    """Refused if it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise Refused(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)
