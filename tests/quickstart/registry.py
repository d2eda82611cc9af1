"""A registry of one's own, at one address of the machine and of a node: 127.0.0.1, where plain HTTP is expected.

It listens on a socket file, which no network namespace keeps apart, and socat makes that a port on either side.
"""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator

import requests

from tests.support.traces import Layout
from tests.support.waiting import wait_for

CONFIGURATION = """
version: 0.1
log: {{level: info}}
storage: {{filesystem: {{rootdirectory: "{folder}/data"}}}}
http: {{net: unix, addr: "{folder}/registry.sock"}}
"""
CLOSED = """
auth: {{htpasswd: {{realm: members, path: "{folder}/people"}}}}
"""
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


class Registry:
    """Asked through its API; its log says who else asked."""

    def __init__(self, port: int, log: pathlib.Path):
        self.address = f"127.0.0.1:{port}"
        self._log = log

    def _get(self, path: str) -> requests.Response:
        return requests.get(f"http://{self.address}/v2/{path}", headers={"Accept": MANIFEST}, timeout=10)

    def answers(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return self._get("").status_code in (200, 401)
        return False

    def repositories(self) -> list[str]:
        return self._get("_catalog").json()["repositories"]

    def digest(self, repository: str) -> tuple[str, str]:
        """Tag and digest of the one image in it."""
        (tag,) = self._get(f"{repository}/tags/list").json()["tags"]
        return tag, self._get(f"{repository}/manifests/{tag}").headers["Docker-Content-Digest"]

    def asked_by(self, program: str) -> set[str]:
        """The repositories of which this program got a manifest."""
        lines = [line for line in self._log.read_text(encoding="utf-8").splitlines()
                 if '"GET /v2/' in line and "/manifests/" in line and program in line]
        return {line.split('"GET /v2/')[1].split("/manifests/")[0] for line in lines}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def registry(layout: Layout, closed: bool) -> Iterator[Registry]:
    """Runs one until the end of the block; closed, it lets in nobody."""
    port = free_port()
    with contextlib.ExitStack() as stack:
        # Not pytest's folder: a socket's path has at most 107 characters.
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="registry-")))
        (folder / "people").touch()
        configuration = CONFIGURATION + (CLOSED if closed else "")
        (folder / "config.yml").write_text(configuration.format(folder=folder), encoding="utf-8")
        log = stack.enter_context((folder / "log").open("w", encoding="utf-8"))
        way = ["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork", f"UNIX-CONNECT:{folder}/registry.sock"]
        node = ["nsenter", f"--net=/run/netns/{layout.node(1).netns}", "--"]
        for command in ([shutil.which("docker-registry"), "serve", folder / "config.yml"], way, [*node, *way]):
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        made = Registry(port, folder / "log")
        wait_for(made.answers, 20, lambda: "the registry: " + (folder / "log").read_text(encoding="utf-8"))
        yield made
