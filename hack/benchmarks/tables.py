"""Figures as text, in columns."""

from __future__ import annotations

from .criteria import Criterion


def number(value: float | None, unit: float, digits: int) -> str:
    return "-" if value is None else f"{value / unit:,.{digits}f}"


def percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def table(title: str, head: tuple[str, ...], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [f"{first:<{widths[0]}}  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(rest, widths[1:]))
             for first, *rest in [head, *rows]]
    return "\n".join([title, *(f"  {line}".rstrip() for line in lines)])


def criteria_table(criteria: list[Criterion]) -> str:
    rows = []
    for it in criteria:
        verdict = {True: "holds", False: "DOES NOT HOLD", None: "not measured"}[it.holds]
        sign = ">" if it.above else "<" if it.strict else "<="
        rows.append([it.what, "-" if it.median is None else f"{it.median:,.2f}", f"{sign} {it.bound:,g}",
                     f"{it.agreeing} of {len(it.values)}", verdict])
    return table("what must hold of ours", ("", "median", "bound", "rounds agree", ""), rows)
