"""Turns a folder and a configuration into an image archive that says the same bytes on every machine.

An image of one layer is a tar of the files plus two short JSON documents (the docker-archive format, which containerd,
kind, buildah, podman and docker all import), so no engine is needed and no storage has to be cleaned afterwards.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import pathlib
import platform
import tarfile

EPOCH = "1970-01-01T00:00:00Z"  # build times would make equal content look new
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclasses.dataclass(frozen=True)
class Config:
    """How a container of the image starts, in the words of a Dockerfile."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = ""
    workdir: str = "/"
    env: tuple[str, ...] = ("PATH=/usr/bin:/bin",)
    ports: tuple[str, ...] = ()

    def to_json(self) -> dict:
        """The `config` object of the OCI image specification; what is not set is left out."""
        fields = {
            "User": self.user,
            "ExposedPorts": {port: {} for port in self.ports},
            "Env": list(self.env),
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.cmd),
            "WorkingDir": self.workdir,
        }
        return {key: value for key, value in fields.items() if value}


def tree_size(root: pathlib.Path) -> int:
    """Bytes of all regular files below root."""
    return sum(path.lstat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def write_layer(root: pathlib.Path, layer: pathlib.Path, owners: dict[str, int]) -> str:
    """Packs root into one sorted tar without times or names of users; returns its digest.

    `owners` gives paths (and all below them) to a user id; everything else belongs to root.
    """

    def owner(name: str) -> int:
        return next((uid for prefix, uid in owners.items() if name == prefix or name.startswith(prefix + "/")), 0)

    with tarfile.open(layer, "w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            member = tar.gettarinfo(path, arcname=path.relative_to(root).as_posix())
            if member.islnk():  # a hard link on this disk is no property of the content
                member.type, member.size = tarfile.REGTYPE, path.stat().st_size
            member.mtime = 0
            member.uid = member.gid = owner(member.name)
            member.uname = member.gname = ""
            if member.isreg():
                with path.open("rb") as content:
                    tar.addfile(member, content)
            else:
                tar.addfile(member)
    with layer.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def describe(layer_digest: str, config: Config) -> bytes:
    """The image's configuration document; its digest is the image's identity."""
    document = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": EPOCH,
        "config": config.to_json(),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        "history": [{"created": EPOCH, "created_by": "hack/images"}],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def write_archive(target: pathlib.Path, layer: pathlib.Path, layer_digest: str, document: bytes,
                  references: list[str]) -> None:
    """Writes the docker-archive with all its references; target appears whole or not at all."""
    config_name = f"{hashlib.sha256(document).hexdigest()}.json"
    layer_name = f"{layer_digest}.tar"
    manifest = json.dumps([{"Config": config_name, "RepoTags": references, "Layers": [layer_name]}]).encode()
    scratch = target.with_suffix(f".{os.getpid()}.part")
    with tarfile.open(scratch, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in ((config_name, document), ("manifest.json", manifest)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        member = tarfile.TarInfo(layer_name)
        member.size = layer.stat().st_size
        with layer.open("rb") as content:
            tar.addfile(member, content)
    scratch.rename(target)
