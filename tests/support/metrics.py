"""What a realtime server says of itself on its admin port."""

from __future__ import annotations

import re

import requests


def samples(admin: str) -> dict[str, float]:
    """Every sample of /metrics by its name and labels, without the prefix of the server."""
    text = requests.get(f"http://{admin}/metrics", timeout=5).text
    found = re.findall(r"^(?:realtime_server_)?(\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def total(found: dict[str, float], name: str) -> float:
    """A metric's sum over its labels; 0 if it was never counted."""
    return sum(value for sample, value in found.items() if sample.partition("{")[0] == name)
