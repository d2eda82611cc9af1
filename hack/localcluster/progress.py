"""What the commands under hack/ print while they work: one line a step, with the seconds since the start."""

from __future__ import annotations

import sys
import time

_START = time.monotonic()


class Failure(Exception):
    """An expected failure; its text says what happened and what to do about it."""


def say(text: str) -> None:
    """One line of progress."""
    print(f"[{time.monotonic() - _START:6.1f}s] {text}", file=sys.stderr, flush=True)
