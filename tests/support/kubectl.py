"""kubectl as the tests use it: words or JSON out, and an error that holds what kubectl printed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping


class KubectlError(Exception):
    """kubectl failed; `output` is what it wrote."""

    def __init__(self, arguments: tuple[str, ...], output: str) -> None:
        super().__init__(f"kubectl {' '.join(arguments)}: {output}")
        self.output = output


class Kubectl:
    """Runs kubectl with one cluster's environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        result = subprocess.run(["kubectl", *arguments], env=self._environment, input=stdin, text=True,
                                capture_output=True, timeout=timeout, check=False)
        if result.returncode != 0:
            raise KubectlError(arguments, (result.stdout + result.stderr).strip())
        return result.stdout

    def shell(self, line: str) -> str:
        """Runs a line as its reader would who has this cluster as the current one."""
        return subprocess.run(["sh", "-ec", line], env=self._environment, text=True, stdout=subprocess.PIPE, timeout=120, check=True).stdout

    def json(self, *arguments: str) -> dict:
        return json.loads(self(*arguments, "-o", "json"))

    def items(self, *arguments: str) -> list[dict]:
        return self.json("get", *arguments)["items"]

    def apply(self, *manifests: dict, arguments: tuple[str, ...] = ()) -> str:
        return self("apply", *arguments, "-f", "-", stdin="\n---\n".join(map(json.dumps, manifests)))

    @contextlib.contextmanager
    def watch(self, *arguments: str) -> Iterator[list[str]]:
        """A list that grows by one line for each change that `kubectl get --watch` prints, so that none is missed."""
        process = subprocess.Popen(["kubectl", "get", *arguments, "--watch"], env=self._environment,
                                   stdout=subprocess.PIPE, text=True)
        lines: list[str] = []
        reader = threading.Thread(target=lambda: lines.extend(line.strip() for line in process.stdout), daemon=True)
        reader.start()
        try:
            yield lines
        finally:
            process.terminate()
            process.wait()
            reader.join()
