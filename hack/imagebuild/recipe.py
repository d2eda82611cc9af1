"""What one image is made of, as data; `recipes.py` has the table and `store.py` makes them."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable

from .archive import Config


def _nothing(_root: pathlib.Path) -> None:
    """Most images are complete once hack/rootfs is done."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One image. Every file whose content matters is in binaries, inputs or facts: together they are the cache's key."""

    name: str
    config: Config
    binaries: tuple[pathlib.Path, ...] = ()  # programs for /usr/bin, with their libraries
    inputs: tuple[pathlib.Path, ...] = ()  # further files and folders that assemble reads
    facts: str = ""  # versions and other words that decide the content
    needed_by: tuple[pathlib.Path, ...] = ()  # plug-ins whose libraries are needed too
    assemble: Callable[[pathlib.Path], None] = _nothing  # adds to the root file system
    owners: dict[str, int] = dataclasses.field(default_factory=dict)  # paths that do not belong to root
    tags: tuple[str, ...] = ()  # fixed tags, in addition to the one of the content
    limit: int | None = None  # bytes, uncompressed
