"""Bars for figures side by side, as SVG: groups that each have their own scale, a bar for each contestant."""

from __future__ import annotations

import dataclasses
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 760, 300, 90
BAR, GAP, MARGIN = 16, 12, 40
COLOURS = ("#1f6feb", "#9aa4b2", "#d29922", "#57ab5a")


@dataclasses.dataclass(frozen=True)
class Group:
    """One figure of all contestants; None: not measured."""

    title: str
    unit: str
    values: list[float | None]


def draw(names: list[str], groups: list[Group]) -> str:
    """Groups in which nothing was measured are left out."""
    groups = [group for group in groups if any(value is not None for value in group.values)]
    height = MARGIN + sum(len(group.values) * BAR + GAP for group in groups) + GAP
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>']
    for index, name in enumerate(names):
        x = LEFT + index * 160
        parts.append(f'<rect x="{x}" y="14" width="10" height="10" fill="{_colour(index)}"/>'
                     f'<text x="{x + 15}" y="23">{escape(name)}</text>')
    y = MARGIN
    for group in groups:
        parts += _bars(group, y)
        y += len(group.values) * BAR + GAP
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bars(group: Group, y: int) -> list[str]:
    most = max((value for value in group.values if value is not None), default=0) or 1
    middle = y + len(group.values) * BAR / 2 + 4
    parts = [f'<text x="{LEFT - 10}" y="{middle:g}" text-anchor="end">{escape(group.title)}</text>']
    for index, value in enumerate(group.values):
        top = y + index * BAR
        length = max(0.0, value or 0) / most * (WIDTH - LEFT - RIGHT)
        said = "not measured" if value is None else f"{value:,.{_digits(value)}f} {group.unit}".strip()
        parts.append(f'<rect x="{LEFT}" y="{top}" width="{max(1.0, length):.1f}" height="{BAR - 3}" fill="{_colour(index)}"/>'
                     f'<text x="{LEFT + max(1.0, length) + 6:.1f}" y="{top + BAR - 5}">{escape(said)}</text>')
    return parts


def _digits(value: float) -> int:
    return 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]
