"""The long run, which `hack/test --long` asks for by REALTIME_LONG=1: the same tests for longer, and tests that take too long for
continuous integration."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

LONG = os.environ.get("REALTIME_LONG") == "1"


def choose(short: T, long: T) -> T:
    """What a test does in continuous integration, or what it does in the long run."""
    return long if LONG else short


# For a conftest to take this name from. What is for the long run only is not collected in the short one: skipped it would count as
# failed. A file that is named on the command line is collected all the same.
collect_ignore_glob: list[str] = choose(["test_long_*.py"], [])
