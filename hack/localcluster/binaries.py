"""Builds the Kubernetes parts from their Go modules, once for each content.

Each directory of `hack/modules` pins one upstream with go.mod and go.sum. What was built from it is kept in the cache
under a digest of those files, the build flags and the Go version, so a second run finds it and a changed pin does not.
What hack/bench compares ours with and is written in Go is built the same way.
A file replaced/MODULE@VERSION/PATH stands in for that file of a dependency, which is copied next to go.mod for it.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import typing

from .progress import Failure, say

MODULES = pathlib.Path(__file__).resolve().parent.parent / "modules"
BENCH = MODULES.parent.parent / "tests" / "bench"

KUBERNETES_VERSION = "v1.36.3"


@dataclasses.dataclass(frozen=True)
class Module:
    """One Go module: what to build of it and the names under which it is called."""

    name: str
    programs: dict[str, str]  # package -> name of the binary
    links: tuple[str, ...] = ()  # further names of the first binary, which looks at argv[0]
    tags: str = ""
    ldflags: str = "-s -w"
    home: pathlib.Path | None = dataclasses.field(default=None, repr=False)  # where it is, if not under hack/modules

    @property
    def folder(self) -> pathlib.Path:
        return self.home or MODULES / self.name


def _stamp(version: str) -> str:
    major, minor = version.lstrip("v").split(".")[:2]
    package = "k8s.io/component-base/version"
    return (f"-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
            f" -X {package}.gitTreeState=clean")


def _helm_stamp(version: str) -> str:
    """Without it, `helm template` takes a chart to be rendered for Kubernetes 1.20."""
    major, minor = version.lstrip("v").split(".")[:2]
    flags = [f"-X helm.sh/helm/v3/pkg/{package}.k8sVersion{part}={number}"
             for package in ("chartutil", "lint/rules") for part, number in (("Major", major), ("Minor", minor))]
    return " ".join(["-s -w", *flags])


MODULE_TABLE = {
    module.name: module
    for module in (
        Module(
            "kubernetes",
            {".": "kubernetes"},
            links=("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy",
                   "kubectl"),
            ldflags=_stamp(KUBERNETES_VERSION),
        ),
        Module(
            "containerd",
            {
                "github.com/containerd/containerd/v2/cmd/containerd": "containerd",
                "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2": "containerd-shim-runc-v2",
                "github.com/containerd/containerd/v2/cmd/ctr": "ctr",
            },
            tags="no_btrfs no_devmapper no_zfs",
        ),
        Module("coredns", {"github.com/coredns/coredns": "coredns"}),
        Module("traefik", {"github.com/traefik/traefik/v3/cmd/traefik": "traefik"}),
        Module("local-path-provisioner", {"github.com/rancher/local-path-provisioner": "local-path-provisioner"}),
        Module("helm", {"helm.sh/helm/v3/cmd/helm": "helm"}, ldflags=_helm_stamp(KUBERNETES_VERSION)),
        Module("kube-network-policies", {"sigs.k8s.io/kube-network-policies/cmd": "kube-network-policies"}),
        Module("kubeconform", {"github.com/yannh/kubeconform/cmd/kubeconform": "kubeconform"}),
        Module("kstatus", {".": "kstatus"}),
        Module("kwok", {"sigs.k8s.io/kwok/cmd/kwok": "kwok"}),
        Module("controller-runtime-operator", {".": "controller-runtime-operator"},
               home=BENCH / "peers" / "controller-runtime"),
        Module("centrifugo", {"github.com/centrifugal/centrifugo/v6": "centrifugo"},
               home=BENCH / "compared_servers" / "centrifugo"),
    )
}


def cache_root() -> pathlib.Path:
    """Where everything that is kept between runs lives; REALTIME_OPERATOR_CACHE overrides it."""
    default = pathlib.Path.home() / ".cache" / "realtime-operator"
    return pathlib.Path(os.environ.get("REALTIME_OPERATOR_CACHE", default))


def _digest(module: Module, go_version: str) -> str:
    digest = hashlib.sha256(f"{module} {go_version}".encode())
    for path in sorted(module.folder.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def go_program() -> str:
    """The Go that hack/deps finds or fetches."""
    result = subprocess.run([MODULES.parent / "deps", "--print-go"], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise Failure("there is no Go to build with; see the output of hack/deps above")
    return result.stdout.strip()


def ensure(name: str, go: str) -> pathlib.Path:
    """The directory with the binaries of one module, built if the cache does not hold them yet."""
    module = MODULE_TABLE[name]
    go_version = subprocess.run([go, "env", "GOVERSION"], check=True, capture_output=True, text=True).stdout.strip()
    directory = cache_root() / "bin" / f"{name}-{_digest(module, go_version)}"
    if directory.is_dir():
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    with (directory.parent / f"{name}.log").open("a", encoding="utf-8") as log:
        fcntl.flock(log, fcntl.LOCK_EX)  # whoever comes second finds it built
        if not directory.is_dir():
            log.truncate(0)
            _build(module, go, directory, log)
    return directory


def _build(module: Module, go: str, directory: pathlib.Path, log: typing.TextIO) -> None:
    say(f"building {module.name} (once for this version; takes some minutes)")
    scratch = pathlib.Path(tempfile.mkdtemp(prefix=f".{module.name}-", dir=directory.parent))
    try:
        result = scratch / "result"
        result.mkdir()
        source = _source(module, go, scratch)
        for package, binary in module.programs.items():
            # -v: the log then has a line for each package that was compiled.
            command = [go, "build", "-v", "-trimpath", "-buildvcs=false", "-tags", module.tags, "-ldflags",
                       module.ldflags, "-o", str(result / binary), package]
            if _run_build(module.name, command, source, log) != 0:
                raise Failure(f"{package} does not build; the compiler's output is in {log.name}")
        for link in module.links:
            (result / link).symlink_to(next(iter(module.programs.values())))
        result.rename(directory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_build(name: str, command: list[str], source: pathlib.Path, log: typing.TextIO) -> int:
    """Runs a build; every half a minute a line shows that it still runs."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    with subprocess.Popen(command, cwd=source, env=environment, stdout=log, stderr=subprocess.STDOUT) as build:
        while True:
            try:
                return build.wait(timeout=30)
            except subprocess.TimeoutExpired:
                count = len(pathlib.Path(log.name).read_text(encoding="utf-8", errors="replace").splitlines())
                say(f"building {name}: {count} packages downloaded or compiled")
            except BaseException:
                build.terminate()
                raise


def _source(module: Module, go: str, scratch: pathlib.Path) -> pathlib.Path:
    """Where to build: the module's own directory, or a copy of it with the changed dependencies that it replaces."""
    home = module.folder
    replaced = home / "replaced"
    if not replaced.is_dir():
        return home
    copy = scratch / "source"
    copy.mkdir()
    for file in ("go.mod", "go.sum"):
        shutil.copy(home / file, copy)
    sums = (home / "go.sum").read_text(encoding="utf-8")
    for versioned in (path for path in replaced.rglob("*@*") if path.is_dir()):
        name, version = str(versioned.relative_to(replaced)).split("@")
        download = subprocess.run([go, "mod", "download", "-json", f"{name}@{version}"], check=True, cwd=scratch,
                                  stdout=subprocess.PIPE, text=True)
        found = json.loads(download.stdout)
        if f"{name} {version} {found['Sum']}\n" not in sums:  # go itself does not look at the sum of what is replaced
            raise Failure(f"{name}@{version} is not what {home / 'go.sum'} says: {found['Sum']}")
        dependency = copy / versioned.name.split("@")[0]
        shutil.copytree(found["Dir"], dependency, copy_function=shutil.copyfile)
        for path in (dependency, *dependency.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)  # those of the module cache are read-only, and so are their copies
        shutil.copytree(versioned, dependency, copy_function=shutil.copyfile, dirs_exist_ok=True)
    return copy
