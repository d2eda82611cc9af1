"""What the tests measured, printed at the end of the run and kept; see reporting.py."""

from __future__ import annotations

import json
import pathlib


class Figures:
    """Named values in the order in which they were measured."""

    def __init__(self) -> None:
        self._values: dict[str, object] = {}

    def add(self, name: str, value: object) -> None:
        self._values[name] = value

    def lines(self) -> list[str]:
        width = max(map(len, self._values), default=0)
        return [f"{name:<{width}}  {value}" for name, value in self._values.items()]

    def write(self, path: pathlib.Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self._values, indent=2) + "\n", encoding="utf-8")
