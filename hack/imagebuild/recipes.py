"""The images that the local cluster and the examples use, each as a function that returns its recipe.

A function runs only when its image is asked for, because finding a binary may mean building it.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from collections.abc import Callable

from localcluster import binaries
from localcluster.progress import Failure, say

from . import python_app
from .archive import Config
from .recipe import Recipe

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
OPERATOR_LIMIT = 40_000_000
SERVER_LIMIT = 25_000_000
NONROOT = "65532:65532"


def _program(name: str, package: str) -> pathlib.Path:
    """A program of the machine, asked for by name."""
    path = shutil.which(name)
    if path is None:
        raise Failure(f"{name} is missing; hack/deps installs it (Debian's package {package})")
    return pathlib.Path(path)


def _from_module(name: str) -> Recipe:
    """An upstream program that is one static binary, built from its Go module."""
    program = binaries.ensure(name, binaries.go_program()) / name
    return Recipe(name, Config(entrypoint=(f"/usr/bin/{name}",)), binaries=(program,))


def pause() -> Recipe:
    """The sandbox container's only process, compiled here: its image may not depend on anything."""
    source = HERE / "pause.c"
    compiler = _program("gcc", "gcc")
    version = subprocess.run([compiler, "--version"], check=True, capture_output=True, text=True).stdout.split("\n")[0]

    def assemble(root: pathlib.Path) -> None:
        shutil.rmtree(root)
        (root / "usr" / "bin").mkdir(parents=True)
        subprocess.run([compiler, "-static", "-Os", "-s", "-o", root / "usr" / "bin" / "pause", source], check=True)

    return Recipe("pause", Config(entrypoint=("/usr/bin/pause",), user="65535:65535"), binaries=(compiler,),
                  inputs=(source,), facts=version, assemble=assemble, tags=("1",))


def _add_shell(root: pathlib.Path) -> None:
    """Every applet as a link of its own: scripts call them by path, and Debian's busybox sh does not run them itself."""
    program = root / "usr" / "bin" / "busybox"
    applets = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout.split()
    for applet in applets:
        link = program.with_name(applet)
        if not link.exists():
            link.symlink_to("busybox")
    # Without it a static program of glibc looks for a library that is not there when it resolves a name, and crashes.
    (root / "etc" / "nsswitch.conf").write_text("hosts: files dns\n", encoding="utf-8")


def busybox() -> Recipe:
    """A shell and the usual small programs, for pods that tests start."""
    return Recipe("busybox", Config(cmd=("sh",)), binaries=(_program("busybox", "busybox-static"),),
                  assemble=_add_shell)


def redis() -> Recipe:
    """Debian's Redis, started the way the official image is: manifests written for one work with the other."""
    entrypoint = HERE / "redis-entrypoint.sh"

    def assemble(root: pathlib.Path) -> None:
        _add_shell(root)
        shutil.copy(entrypoint, root / "usr" / "bin" / "docker-entrypoint.sh")
        (root / "data").mkdir()
        for file, line in (("passwd", "redis:x:999:999:redis:/data:/sbin/nologin\n"), ("group", "redis:x:999:\n")):
            with (root / "etc" / file).open("a", encoding="utf-8") as accounts:
                accounts.write(line)

    config = Config(entrypoint=("docker-entrypoint.sh",), cmd=("redis-server",), user="999:999", workdir="/data",
                    ports=("6379/tcp",))
    programs = (_program("redis-server", "redis-server"), _program("redis-cli", "redis-tools"),
                _program("busybox", "busybox-static"))
    return Recipe("redis", config, binaries=programs, inputs=(entrypoint,), assemble=assemble, owners={"data": 999})


def _release_build(name: str) -> pathlib.Path:
    """A program of the release build, brought up to date; a variable such as REALTIME_OPERATOR_BINARY names another."""
    variable = f"{name.replace('-', '_').upper()}_BINARY"
    given = os.environ.get(variable)
    if given:
        path = pathlib.Path(given).resolve()
        if not os.access(path, os.X_OK):
            raise Failure(f"{variable} is {path}, which is not a program")
        return path
    program = REPOSITORY / "build" / "release" / "bin" / name
    commands = [["cmake", "--build", "--preset", "release", "--target", name]]
    if not (REPOSITORY / "build" / "release" / "CMakeCache.txt").exists():
        commands.insert(0, ["cmake", "--preset", "release"])
    for command in commands:
        if command[1] != "--build" or not program.exists():
            say(" ".join(command))
        result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            tail = "\n".join((result.stdout + result.stderr).strip().split("\n")[-20:])
            raise Failure(f"{' '.join(command)} failed:\n{tail}")
    return program


def _of_this_repository(name: str, limit: int, ports: tuple[str, ...] = ()) -> Recipe:
    """One of our programs, with the same files and settings as its stage of the Dockerfile."""
    binary = _release_build(name)

    def assemble(root: pathlib.Path) -> None:
        program = root / "usr" / "bin" / binary.name
        if binary.name != name:  # one that a variable names may have any name
            program.rename(program.with_name(name))

    return Recipe(name, Config(entrypoint=(f"/usr/bin/{name}",), user=NONROOT, ports=ports), binaries=(binary,),
                  assemble=assemble, limit=limit)


def flask_socketio_example() -> Recipe:
    """The example's app; what its own Dockerfile says about the start holds here too."""
    return python_app.recipe("flask-socketio-example", REPOSITORY / "examples" / "flask-socketio")


RECIPES: dict[str, Callable[[], Recipe]] = {
    "pause": pause,
    "coredns": lambda: _from_module("coredns"),
    "traefik": lambda: _from_module("traefik"),
    "kube-network-policies": lambda: _from_module("kube-network-policies"),
    "busybox": busybox,
    "redis": redis,
    "realtime-operator": lambda: _of_this_repository("realtime-operator", OPERATOR_LIMIT),
    "realtime-server": lambda: _of_this_repository("realtime-server", SERVER_LIMIT, ("8080/tcp", "9090/tcp")),
    "flask-socketio-example": flask_socketio_example,
}
