"""The cache of finished images: what was built from which inputs, under a lock, with old archives pruned.

Two digests keep apart what costs and what counts: the digest of the inputs says whether anything must be done at all,
the digest of the content is the tag, so inputs that change without changing the image do not roll anything out.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

from localcluster.binaries import cache_root
from localcluster.progress import Failure, say

from . import archive
from .recipe import Recipe

HACK = pathlib.Path(__file__).resolve().parent.parent
KEPT = 3


def directory() -> pathlib.Path:
    """Where the archives lie."""
    path = cache_root() / "images"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def _locked(name: str) -> Iterator[None]:
    """One build of an image at a time; whoever waited finds it made."""
    with (directory() / f".{name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in directory().glob(f".{name}-*"):  # of a run that was killed: nobody else is at it now
            shutil.rmtree(leftover, ignore_errors=True)
        for leftover in directory().glob(f"{name}-*.part"):
            leftover.unlink()
        yield


def _files(path: pathlib.Path) -> list[pathlib.Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def _inputs_digest(recipe: Recipe) -> str:
    digest = hashlib.sha256(f"{recipe.config} {recipe.tags} {recipe.owners} {recipe.facts}".encode())
    own = [HACK / "rootfs", *(HACK / "imagebuild").glob("*.py")]
    libraries = subprocess.run([HACK / "rootfs", "--list", *recipe.binaries], check=True, capture_output=True,
                               text=True).stdout.split("\n") if recipe.binaries else []
    for path in [*sorted(own), *recipe.inputs, *(pathlib.Path(line) for line in libraries if line)]:
        for file in _files(path):
            with file.open("rb") as content:
                digest.update(file.name.encode() + b"\0" + hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:16]


def _prune(name: str) -> None:
    """Keeps the newest archives of one image, and of the notes about builds those that still have an archive."""
    tars = sorted(directory().glob(f"{name}-" + "[0-9a-f]" * 12 + ".tar"), key=lambda tar: tar.stat().st_mtime)
    for tar in tars[:-KEPT]:
        tar.unlink()
    for note in directory().glob(f"{name}-" + "[0-9a-f]" * 16 + ".json"):
        if not pathlib.Path(json.loads(note.read_text())["tar"]).exists():
            note.unlink()


def _make(recipe: Recipe) -> tuple[str, pathlib.Path]:
    """Assembles the files, names them by their content and writes the archive."""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix=f".{recipe.name}-", dir=directory()))
    try:
        root, layer = scratch / "root", scratch / "layer.tar"
        command = [HACK / "rootfs", root, *recipe.binaries]
        for file in recipe.needed_by:
            command[1:1] = ["--needed-by", file]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise Failure(result.stderr.strip())
        recipe.assemble(root)
        size = archive.tree_size(root)
        if recipe.limit and size > recipe.limit:
            raise Failure(f"the image {recipe.name} would be {size / 1e6:.1f} MB, more than its limit of"
                          f" {recipe.limit / 1e6:.0f} MB; see what hack/rootfs --list adds, or raise the limit in"
                          " hack/imagebuild/recipes.py and say why")
        layer_digest = archive.write_layer(root, layer, recipe.owners)
        document = archive.describe(layer_digest, recipe.config)
        tag = hashlib.sha256(document).hexdigest()[:12]
        reference = f"localhost/{recipe.name}:{tag}"
        tar = directory() / f"{recipe.name}-{tag}.tar"
        references = [reference, *(f"localhost/{recipe.name}:{tag}" for tag in recipe.tags)]
        archive.write_archive(tar, layer, layer_digest, document, references)
        say(f"{reference}: {size / 1e6:.1f} MB")
        return reference, tar
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def ensure(recipe: Recipe) -> tuple[str, pathlib.Path]:
    """The reference and the archive of one image, made if the cache does not hold them."""
    with _locked(recipe.name):
        note = directory() / f"{recipe.name}-{_inputs_digest(recipe)}.json"
        if note.exists():
            made = json.loads(note.read_text())
            tar = pathlib.Path(made["tar"])
            if tar.exists():
                os.utime(tar)  # the newest ones are kept
                return made["reference"], tar
        say(f"building the image {recipe.name}")
        reference, tar = _make(recipe)
        note.write_text(json.dumps({"reference": reference, "tar": str(tar)}))
        _prune(recipe.name)
        return reference, tar
