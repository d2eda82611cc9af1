"""Runs the programs that do the work. What they print goes to build/quickstart.log; the user sees steps, and a sign of
life whenever a step is silent for long. A failure shows the end of the log."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

from localcluster.progress import Failure, say

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
LOG = REPOSITORY / "build" / "quickstart.log"
SILENCE = 15.0  # seconds after which a running step says what it is at
TAIL = 25
STEP = re.compile(r"^\[ *[\d.]+s\] (.*)$")  # how the commands under hack/ announce a step


class Shell:
    """An environment to run commands in, and the log of all of them."""

    def __init__(self, environment: Mapping[str, str]):
        self.environment = dict(environment)

    def with_environment(self, changes: Mapping[str, str]) -> Shell:
        """The same with other variables."""
        return Shell({**self.environment, **changes})

    def has(self, program: str) -> bool:
        """Whether PATH holds the program."""
        return any(os.access(pathlib.Path(folder) / program, os.X_OK)
                   for folder in self.environment.get("PATH", "").split(os.pathsep) if folder)

    def output(self, command: Sequence[object], check: bool = True, stdin: str | None = None) -> str:
        """What a quick command prints; with check, its failure is ours."""
        words = [str(word) for word in command]
        try:
            result = subprocess.run(words, cwd=REPOSITORY, env=self.environment, capture_output=True, text=True,
                                    input=stdin, check=False)
        except FileNotFoundError as error:
            raise Failure(f"{words[0]} is not on PATH") from error
        if result.returncode == 0:
            return result.stdout
        if check:
            raise Failure(f"{' '.join(words)} failed:\n{(result.stderr or result.stdout).strip()}")
        return ""

    def json(self, command: Sequence[object]) -> dict:
        """The JSON that a command prints; an empty object if it fails."""
        text = self.output([*command, "-o", "json"], check=False)
        return json.loads(text) if text.strip() else {}

    def succeeds(self, command: Sequence[object]) -> bool:
        """Whether a quick command ends well; nothing is shown."""
        result = subprocess.run([str(word) for word in command], cwd=REPOSITORY, env=self.environment,
                                capture_output=True, check=False)
        return result.returncode == 0

    def run(self, command: Sequence[object], hint: str = "", stdin: str | None = None) -> str:
        """Runs a command that takes its time; returns its standard output, logs everything."""
        words = [str(word) for word in command]
        LOG.parent.mkdir(parents=True, exist_ok=True)
        with LOG.open("a", encoding="utf-8") as log:
            log.write(f"\n$ {' '.join(words)}\n")
            log.flush()
            process = subprocess.Popen(words, cwd=REPOSITORY, env=self.environment, text=True, errors="replace",
                                       stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            watch = _Watch(log)
            printed: list[str] = []
            readers = [threading.Thread(target=watch.read, args=(process.stdout, printed)),
                       threading.Thread(target=watch.read, args=(process.stderr, None))]
            for reader in readers:
                reader.start()
            try:
                if stdin is not None:
                    process.stdin.write(stdin)
                    process.stdin.close()
                while process.poll() is None:
                    time.sleep(0.05)
                    watch.sign_of_life()
            except BaseException:
                process.send_signal(signal.SIGINT)
                process.wait()
                raise
            for reader in readers:
                reader.join()
        if process.returncode != 0:
            shown = "\n".join(f"    {line}" for line in watch.lines[-TAIL:])
            raise Failure(f"`{' '.join(words)}` failed. The end of its output:\n{shown}\n"
                          f"  The whole log: {LOG}" + (f"\n  {hint}" if hint else ""))
        return "".join(printed)


class _Watch:
    """Collects the lines of one command; knows when the user last saw something."""

    def __init__(self, log):
        self.log = log
        self.lines: list[str] = []
        self.shown = time.monotonic()
        self.lock = threading.Lock()

    def read(self, stream, printed: list[str] | None) -> None:
        for line in stream:
            with self.lock:
                if printed is not None:
                    printed.append(line)
                self.log.write(line)
                self.log.flush()
                if line.strip():
                    self.lines.append(line.rstrip())
                step = STEP.match(line)
                if step:
                    self._say("  " + step.group(1))

    def sign_of_life(self) -> None:
        with self.lock:
            if time.monotonic() - self.shown > SILENCE:
                last = STEP.sub(r"\1", self.lines[-1]).strip()[:100] if self.lines else "no output yet"
                self._say(f"  … still running: {last}")

    def _say(self, text: str) -> None:
        self.shown = time.monotonic()
        say(text)
