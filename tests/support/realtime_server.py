"""The realtime server as a process of a test, or the peer in its place."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence

import requests
import yaml

from . import metrics
from .waiting import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "server"
REFERENCE = ROOT / "tests" / "conformance" / "reference"

# Under AddressSanitizer freed memory is kept a while; that would look like growth.
ASAN = {"ASAN_OPTIONS": "quarantine_size_mb=1:" + os.environ.get("ASAN_OPTIONS", "")}


def made_by(script: str, *arguments: object) -> str:
    """What a script of tests/support prints that prepares packages."""
    return subprocess.run([ROOT / "tests" / "support" / script, *arguments], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def example(name: str, **sections: Mapping[str, object]) -> dict:
    """examples/server/NAME.yaml, and over it what else a test wants in each section."""
    config = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
    for section, values in sections.items():
        config[section] = {**config.get(section, {}), **values}
    return config


class Server:
    """One process. It listens on ports of its own choice, and on the same after a restart."""

    def __init__(self, folder: pathlib.Path, command: Sequence[str], config: dict, *, name: str = "replica",
                 redis_url: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        file = folder / f"{name}.yaml"
        file.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        self._command = [*command, "--config", str(file)]
        if redis_url:
            self._command += ["--redis", redis_url]
        self._environment = {**os.environ, **ASAN, "POD_NAME": name, **(environment or {})}
        self._environment.pop("REDIS_URL", None)
        self.address, self.admin = "127.0.0.1:0", "127.0.0.1:0"
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def start(self) -> None:
        with self.log.open("ab") as output:
            seen = output.tell()
            self.process = subprocess.Popen([*self._command, "--listen", self.address, "--admin", self.admin],
                                            stdout=output, stderr=output, env=self._environment)
        line = wait_for(lambda: self._listening(seen), 20, lambda: f"{self.name} to listen: {self.tail()}")
        self.address, self.admin = line["address"], line.get("admin", self.admin)

    def _listening(self, offset: int) -> dict | None:
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}: {self.tail()}"
        for line in self.lines(offset):
            if "listening" in (line.get("message"), line.get("msg")):
                return line
        return None

    def lines(self, offset: int = 0) -> Iterator[dict]:
        """The log, line by line, from a byte on."""
        with self.log.open(encoding="utf-8", errors="replace") as file:
            file.seek(offset)
            for line in file:
                with contextlib.suppress(ValueError):
                    yield json.loads(line)

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """Without a chance to say goodbye."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Ends it, quickly: a second signal does not wait for the clients."""
        if self.process is None:
            return
        for _ in range(2):
            if self.process.poll() is None:
                self.process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(timeout=0.2)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        found = re.search(r"(ERROR|WARNING): \w+Sanitizer|runtime error:", self.log.read_text(encoding="utf-8", errors="replace"))
        assert not found, f"{self.name}: {self.tail(60)}"

    def resident_bytes(self) -> int:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024

    def is_sanitized(self) -> bool:
        """Whether it is built with AddressSanitizer, whose allocator keeps more."""
        return b"__asan_init" in pathlib.Path(f"/proc/{self.process.pid}/exe").read_bytes()

    def readiness(self) -> tuple[int, str]:
        """Status and body of /readyz."""
        answer = requests.get(f"http://{self.admin}/readyz", timeout=5)
        return answer.status_code, answer.text

    def metrics(self) -> dict[str, float]:
        return metrics.samples(self.admin)

    def metric(self, name: str) -> float:
        """A metric's sum over its labels; 0 if it was never counted."""
        return metrics.total(self.metrics(), name)


class Launcher:
    """Starts servers, and ends all of them."""

    def __init__(self, folder: pathlib.Path, *, peer: bool) -> None:
        self._folder = folder
        self._peer = peer
        self.running: list[Server] = []

    def __call__(self, config: dict, *, name: str = "replica", redis_url: str | None = None) -> Server:
        """The server under test; as the peer socket.io, or Flask-SocketIO where there is a Redis."""
        if not self._peer:
            return self._start(self.command(), config, name, redis_url, {})
        if redis_url:
            return self.member(name=name, redis_url=redis_url)
        modules = {"NODE_PATH": made_by("node_modules", REFERENCE)}
        return self._start(["node", str(REFERENCE / "server.mjs")], config, name, None, modules)

    @staticmethod
    def command() -> list[str]:
        """Of the server under test."""
        return [os.environ.get("REALTIME_SERVER") or str(ROOT / "build" / "dev" / "bin" / "realtime-server")]

    def member(self, *, name: str, redis_url: str) -> Server:
        """A Flask-SocketIO process; see flask_member.py."""
        python = made_by("python_env", ROOT / "examples" / "flask-socketio" / "requirements.txt")
        return self._start([python, "-m", "tests.support.flask_member"], {}, name, redis_url, {"PYTHONPATH": str(ROOT)})

    def _start(self, command: Sequence[str], config: dict, name: str, redis_url: str | None,
               environment: Mapping[str, str]) -> Server:
        server = Server(self._folder, command, config, name=name, redis_url=redis_url, environment=environment)
        self.running.append(server)
        server.start()
        return server

    def close(self) -> None:
        while self.running:
            self.running.pop().close()
