"""The progress of a run: one line per step, with the elapsed and the remaining time."""

from __future__ import annotations

import sys
import time


class Progress:
    """Estimates are corrected by how long the steps before took against theirs."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._planned = 0.0  # of all steps, by their estimates
        self._done = 0.0
        self._measuring_since = self._start

    def plan(self, seconds: float) -> None:
        self._planned += seconds

    def begin(self) -> None:
        """Earlier steps, for example builds, do not count for the estimate."""
        self._measuring_since = time.monotonic()

    def done(self, seconds: float) -> None:
        """A step that was planned with so many seconds is done."""
        self._done += seconds

    def say(self, text: str) -> None:
        now = time.monotonic()
        elapsed = now - self._start
        left = ""
        if self._done:
            seconds = max(0.0, self._planned - self._done) * (now - self._measuring_since) / self._done
            left = f", {_minutes(seconds)} left"
        print(f"[{int(elapsed) // 60:3d}:{int(elapsed) % 60:02d}{left}] {text}", file=sys.stderr, flush=True)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
