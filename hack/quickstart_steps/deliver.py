"""Builds the images and brings them to where the cluster finds them."""

from __future__ import annotations

import pathlib
import tempfile

from localcluster.progress import Failure, say

from .example import Example
from .shell import REPOSITORY, Shell
from .target import CLUSTER, Target

IMAGES = REPOSITORY / "hack" / "images"
NAMES = ("realtime-operator", "realtime-server", "redis")


def build(shell: Shell, example: Example) -> dict[str, tuple[str, pathlib.Path]]:
    """Reference and archive of each image."""
    made = {}
    for line in shell.run([IMAGES, "build", *dict.fromkeys((*NAMES, example.image))]).splitlines():
        name, reference, tar = line.split("\t")
        made[name] = (reference, pathlib.Path(tar))
    return made


def _push(shell: Shell, registry: str, reference: str, tar: pathlib.Path) -> str:
    """Pushes one archive; the storage in between is thrown away."""
    target = f"{registry}/{reference.removeprefix('localhost/')}"
    host = registry.partition("/")[0].partition(":")[0]
    verify = "--tls-verify=false" if host in ("localhost", "127.0.0.1") else "--tls-verify=true"  # as docker does
    with tempfile.TemporaryDirectory(prefix="quickstart-") as scratch:
        buildah = ["buildah", "--storage-driver", "vfs", "--root", f"{scratch}/root", "--runroot", f"{scratch}/run"]
        image = shell.run([*buildah, "pull", "--quiet", f"docker-archive:{tar}"]).strip()
        shell.run([*buildah, "push", verify, image, f"docker://{target}"],
                  hint=f"If {host} requires a login: buildah login {host}")
    return target


def bring(target: Target, registry: str | None, made: dict[str, tuple[str, pathlib.Path]]) -> dict[str, str]:
    """The reference under which the cluster finds each image."""
    if target.local:
        target.shell.run([CLUSTER, "load", *(tar for _, tar in made.values())])
        return {name: reference for name, (reference, _) in made.items()}
    if registry:
        references = {}
        for name, (reference, tar) in made.items():
            say(f"  pushing {name} to {registry}")
            references[name] = _push(target.shell, registry.rstrip("/"), reference, tar)
        return references
    if not target.kind:
        raise Failure("no way to bring the images to this cluster")
    for name, (_, tar) in made.items():
        say(f"  loading {name} into the kind cluster {target.kind}")
        target.shell.run(["kind", "load", "image-archive", tar, "--name", target.kind])
    return {name: reference for name, (reference, _) in made.items()}
