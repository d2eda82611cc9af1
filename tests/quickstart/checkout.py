"""hack/quickstart of a copy of the checkout, as a person calls it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from tests.support.foreign import copy
from tests.support.traces import Layout
from tests.support.waiting import Stopwatch

FOLDERS = ("hack", "charts", "crds", "examples")  # what the quickstart needs when it need not build our programs
PATIENCE = 300


def only(folder: pathlib.Path, *programs: pathlib.Path) -> str:
    """A PATH with these programs, and what it takes to start the quickstart, and nothing else."""
    folder.mkdir()
    for program in (pathlib.Path(shutil.which("bash")), pathlib.Path(shutil.which("dirname")), *programs):
        (folder / program.name).symlink_to(program)
    (folder / "python3").symlink_to(os.path.realpath(sys.executable))
    return str(folder)


@dataclasses.dataclass(frozen=True)
class Run:
    """How one call ended."""

    code: int
    output: str
    progress: str
    seconds: float

    @property
    def suggested(self) -> list[str]:
        """The lines that it says may be typed next."""
        return [line.strip() for line in self.output.splitlines() if line.startswith("    ") and "    # " not in line]

    def said(self, *words: str) -> None:
        """It told the user all of this."""
        for word in words:
            assert word in self.progress, f"{word!r} is not in:\n{self.progress}"

    def refused(self, *words: str) -> None:
        """It ended with one message that has all of this in it, and with no trace of a crash."""
        assert self.code == 1, f"exit code {self.code}:\n{self.progress}"
        assert "Traceback" not in self.progress, self.progress
        assert self.progress.count("FAILED: ") == 1, self.progress
        message = self.progress.split("FAILED: ")[1]
        for word in words:
            assert word in message, f"{word!r} is not in:\n{message}"

    def succeeded(self) -> Run:
        assert self.code == 0, self.progress
        return self


@contextlib.contextmanager
def _terminal(answer: str) -> Iterator[int]:
    """A terminal on which somebody has typed the answer already."""
    keyboard, screen = pty.openpty()
    try:
        os.write(keyboard, f"{answer}\n".encode())
        yield screen
    finally:
        os.close(keyboard)
        os.close(screen)


class Checkout:
    """A copy of the checkout, and hack/quickstart in it, called from another folder."""

    def __init__(self, folder: pathlib.Path, programs: Mapping[str, str]):
        self.folder = copy(folder, *FOLDERS)
        self.made = time.time()
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("KUBE")}
        self.environment.update(programs)

    @property
    def layout(self) -> Layout:
        return Layout(self.folder)

    def quickstart(self, *arguments: str, answer: str | None = None, **environment: str) -> Run:
        """One call; with an answer there is a terminal, without one there is none."""
        with contextlib.ExitStack() as stack:
            stdin = subprocess.DEVNULL if answer is None else stack.enter_context(_terminal(answer))
            watch = Stopwatch()
            result = subprocess.run([self.folder / "hack" / "quickstart", *arguments], stdin=stdin, text=True,
                                    cwd=self.folder.parent, env={**self.environment, **environment},
                                    capture_output=True, timeout=PATIENCE, check=False)
            return Run(result.returncode, result.stdout, result.stderr, watch.seconds())

    def type(self, *lines: str, **environment: str) -> str:
        """What lines print that are typed where `quickstart` was called."""
        result = subprocess.run(["bash", "-c", "\n".join(["set -euo pipefail", *lines])], cwd=self.folder.parent,
                                env={**self.environment, **environment}, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{lines}: {result.stdout}{result.stderr}"
        return result.stdout

    def shell_environment(self) -> Mapping[str, str]:
        """What `eval "$(hack/cluster env)"` makes of the environment."""
        script = 'exports=$(hack/cluster env) && eval "$exports" && env -0'
        output = subprocess.run(["bash", "-c", script], cwd=self.folder, env=self.environment, check=True,
                                stdout=subprocess.PIPE, text=True).stdout
        return dict(entry.split("=", 1) for entry in output.split("\0") if entry)

    def built(self) -> list[str]:
        """What is in build/ but for the log."""
        return sorted(path.name for path in (self.folder / "build").glob("*") if path.name != "quickstart.log")
