"""The figures that tests measure, for a conftest to take its names from: a fixture, and the hooks that print them at the end and
keep them in build/test/FOLDER-figures.json."""

from __future__ import annotations

import pytest

from .cluster import ROOT
from .figures import Figures

FIGURES = pytest.StashKey[Figures]()


def pytest_configure(config):
    config.stash[FIGURES] = Figures()


@pytest.fixture(scope="session")
def figures(pytestconfig) -> Figures:
    return pytestconfig.stash[FIGURES]


def pytest_terminal_summary(terminalreporter, config):
    measured = config.stash[FIGURES]
    terminalreporter.section("figures")
    for line in measured.lines():
        terminalreporter.line(line)
    measured.write(ROOT / "build" / "test" / f"{config.rootpath.name}-figures.json")
