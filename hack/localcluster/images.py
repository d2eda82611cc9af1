"""The images that the cluster needs, made by hack/images, and the import of any image into every node.

Nothing is ever pulled. A marker for each image name holds the digest of the archive it was last imported from.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import subprocess
import tarfile
import urllib.parse

from .layout import Layout, Node
from .progress import Failure, say

_TOOL = pathlib.Path(__file__).resolve().parent.parent / "images"


@dataclasses.dataclass(frozen=True)
class Image:
    reference: str
    archive: pathlib.Path


def ensure(names: list[str]) -> dict[str, Image]:
    """The images by name, made if the cache does not hold them; what they cost is shown by the tool that makes them."""
    result = subprocess.run([_TOOL, "build", *names], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise Failure(f"the images {', '.join(names)} could not be built; see the output of hack/images above")
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    return {name: Image(reference, pathlib.Path(archive)) for name, reference, archive in rows}


def _names_in(archive: pathlib.Path) -> list[str]:
    """The names that a docker-archive gives to what is in it."""
    try:
        with tarfile.open(archive) as tar:
            manifest = tar.extractfile("manifest.json")
            assert manifest
            return [name for image in json.load(manifest) for name in image.get("RepoTags") or ()]
    except FileNotFoundError as error:
        raise Failure(f"there is no file {archive}") from error
    except (OSError, KeyError, ValueError, tarfile.TarError) as error:
        raise Failure(f"{archive} is not an image archive: create a docker-archive with `docker save`, `buildah push` or"
                      " hack/images") from error


def _digest(archive: pathlib.Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load(layout: Layout, binaries: pathlib.Path, archives: list[pathlib.Path]) -> None:
    """Imports the archives into every node that does not hold exactly them already."""
    for archive in archives:
        names, digest = _names_in(archive), _digest(archive)
        if not names:
            raise Failure(f"{archive} has no name for its image, so no pod can use it")
        for node in layout.nodes:
            _load_into(node, binaries, archive, names, digest)


def _load_into(node: Node, binaries: pathlib.Path, archive: pathlib.Path, names: list[str], digest: str) -> None:
    folder = node.folder / "imported"
    folder.mkdir(parents=True, exist_ok=True)
    markers = [folder / urllib.parse.quote(name, safe="") for name in names]
    if all(marker.exists() and marker.read_text() == digest for marker in markers):
        return
    # ctr takes no relative path for the socket.
    result = subprocess.run([binaries / "ctr", "-a", node.containerd_socket, "-n", "k8s.io", "images", "import",
                             archive.resolve()], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Failure(f"{node.name} cannot import {archive}: {result.stderr.strip()}")
    for marker in markers:
        marker.write_text(digest)
    say(f"{node.name} has the image {', '.join(names)}")
