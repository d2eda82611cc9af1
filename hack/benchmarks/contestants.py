"""The contestants: how each is prepared and started. All of them do the same: `message` [data] is broadcast as
`response` {"echo": data} to every client in "/", including the sender; most also acknowledge `ask` [data] by [data].
Centrifugo, which has no events of its own, passes on what is published to a channel that every client is subscribed to."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

from localcluster import binaries, progress

from .processes import Command, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build" / "release" / "bin"
COMPARED = ROOT / "tests" / "bench" / "compared_servers"

Start = Callable[[int], Command]  # the command that serves on a port of 127.0.0.1
# The command of a process of a fleet, on a port of 127.0.0.1 and with a Redis at a URL.
StartMember = Callable[[int, str], Command]

OURS, BASELINE, SOCKETIOXIDE = "ours", "baseline", "socketioxide"
PEERS = (SOCKETIOXIDE, "socket.io", "flask")  # those that poll


class Missing(Exception):
    """What is required before this contestant can be measured."""


@dataclasses.dataclass(frozen=True)
class Contestant:
    name: str
    what: str
    prepare: Callable[[], Start]
    polls: bool = True
    prepare_member: Callable[[], StartMember] | None = None  # for two processes with a Redis between them
    acknowledges: bool = True
    protocol: str = "socket.io"  # of those that the generator knows
    is_compared: bool = True  # a fault of ours or of the baseline voids a round; a compared server's is reported


def build(*targets: str) -> None:
    """Builds with the preset that is shipped."""
    commands = [["cmake", "--build", "--preset", "release", "--target", *targets]]
    if not (ROOT / "build" / "release" / "build.ninja").exists():
        commands.insert(0, ["cmake", "--preset", "release"])
    for command in commands:
        if subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False).returncode != 0:
            raise Missing(f"`{' '.join(command)}` fails")


def _made_by(script: str, folder: pathlib.Path) -> str:
    """What a script of tests/support built from a folder, once for each content."""
    made = subprocess.run([ROOT / "tests" / "support" / script, folder], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        raise Missing(f"`tests/support/{script} {folder.relative_to(ROOT)}` fails")
    return made.stdout.strip()


def _ours() -> Start:
    build("realtime-server")
    config = ROOT / "tests" / "bench" / "server.yaml"
    return lambda port: Command(
        [PROGRAMS / "realtime-server", "--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{free_port()}",
         "--config", config], {"REDIS_URL": None})


def _our_member() -> StartMember:
    start = _ours()
    return lambda port, redis: dataclasses.replace(start(port), environment={"REDIS_URL": redis, "POD_NAME": f"at-{port}"})


def _baseline() -> Start:
    build("bench-baseline")
    return lambda port: Command([PROGRAMS / "bench-baseline", port])


def _rust_program(name: str) -> str:
    if not shutil.which("cargo"):
        raise Missing("there is no cargo on the PATH; a Rust toolchain of 1.94 or later brings it")
    return _made_by("rust_program", COMPARED / name)


def _socketioxide() -> Start:
    program = _rust_program("socketioxide")
    return lambda port: Command([program], {"PORT": str(port)})


def _socketioxide_member() -> StartMember:
    program = _rust_program("socketioxide-redis")
    return lambda port, redis: Command([program], {"PORT": str(port), "REDIS_URL": redis})


def _socketio() -> Start:
    if not shutil.which("npm"):
        raise Missing("there is no npm on the PATH; `hack/deps bench` installs it")
    modules = pathlib.Path(_made_by("node_modules", COMPARED / "socketio")).parent
    return lambda port: Command(["node", COMPARED / "socketio" / "server.mjs"],
                                {"PORT": str(port), "SOCKETIO_MODULES": str(modules), "NODE_ENV": "production"})


def _centrifugo() -> Start:
    try:
        program = binaries.ensure("centrifugo", binaries.go_program()) / "centrifugo"
    except progress.Failure as reason:
        raise Missing(str(reason)) from reason
    config = COMPARED / "centrifugo" / "config.json"
    return lambda port: Command([program, "--config", config, "--http_server.port", port])


def _flask() -> Start:
    example = ROOT / "examples" / "flask-socketio"
    python = _made_by("python_env", example / "requirements.txt")
    return lambda port: Command(
        [python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level", "warning", "app:app"],
        {"REDIS_URL": None, "PYTHONDONTWRITEBYTECODE": "1"}, example)


CONTESTANTS = {it.name: it for it in (
    Contestant(OURS, "the bundled realtime-server", _ours, prepare_member=_our_member, is_compared=False),
    Contestant(BASELINE, "a minimal epoll loop, tests/bench/baseline.cpp", _baseline, polls=False, is_compared=False),
    Contestant(SOCKETIOXIDE, "socketioxide 0.18 on axum, Rust", _socketioxide, prepare_member=_socketioxide_member),
    Contestant("socket.io", "socket.io 4.8, Node.js", _socketio),
    Contestant("centrifugo", "Centrifugo 6.9, Go, with a protocol of its own", _centrifugo, polls=False,
               protocol="centrifugo"),
    Contestant("flask", "Flask-SocketIO 5.7 with gevent, Python: examples/flask-socketio", _flask,
               acknowledges=False),
)}
