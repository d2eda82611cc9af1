"""Programs of this checkout that tests run."""

from __future__ import annotations

import pathlib
import subprocess

from tests.support.cluster import ROOT


def built(preset: str, *targets: str) -> pathlib.Path:
    """Builds them, and gives the folder where they are."""
    folder = ROOT / "build" / preset
    if not (folder / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", preset], cwd=ROOT, check=True)
    subprocess.run(["cmake", "--build", "--preset", preset, "--target", *targets], cwd=ROOT, check=True)
    return folder / "bin"
