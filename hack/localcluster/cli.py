"""The command line of hack/cluster: reads arguments, becomes root where that is needed, prints results on stdout."""

from __future__ import annotations

import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable

from . import addons, apiserver, binaries, cluster, images, teardown
from .layout import CHECKOUT, MAX_NODES, Layout
from .progress import Failure, say

HELP = """\
A real Kubernetes for this checkout, on a machine that has no container engine: etcd, the control plane, containerd and
kubelets in network namespaces, with DNS, dynamic volumes (class local-path) and Traefik as ingress (class traefik).

  hack/cluster up                    starts it, or the parts of it that do not run; builds them the first time
  eval "$(hack/cluster env)"         makes kubectl, and everything else that reads KUBECONFIG, use it
  kubectl get pods -A
  hack/cluster load IMAGE.tar        loads an image on every node: nothing can be pulled (hack/images builds some)
  hack/cluster status                shows what runs, where it listens, and where its logs are
  hack/cluster down                  removes everything, volumes included

It keeps its files in build/cluster and its sockets in /run/rto*. It uses a free 10.X.0.0/16 on this machine; pods,
Services and the API server are reachable only from this machine. Clusters of other checkouts can run at the same time.
"""
_ROOT_TOOLS = {"ip": "iproute2", "nsenter": "util-linux", "sysctl": "procps", "openssl": "openssl", "socat": "socat",
               "runc": "runc", "nft": "nftables", "conntrack": "conntrack", "iptables": "iptables"}


def _become_root() -> None:
    """Starts the same command again through sudo. HOME stays, for the cache of what was built is in it."""
    if os.geteuid() == 0:
        return
    if not shutil.which("sudo"):
        raise Failure("namespaces, mounts and cgroups need root: run this as root, or install sudo")
    say("namespaces, mounts and cgroups need root: continuing with sudo")
    kept = [f"{name}={os.environ[name]}" for name in ("HOME", "PATH", "REALTIME_OPERATOR_CACHE") if name in os.environ]
    os.execvp("sudo", ["sudo", "env", *kept, sys.executable, *sys.argv])


def _check_tools() -> None:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    os.environ["PATH"] = path  # a person's PATH may lack the administrator's folders
    missing = [package for tool, package in _ROOT_TOOLS.items() if not shutil.which(tool, path=path)]
    if not any(pathlib.Path(folder, "bridge").exists() for folder in ("/usr/lib/cni", "/opt/cni/bin")):
        missing.append("containernetworking-plugins")
    if missing:
        raise Failure(f"not installed: {' '.join(missing)}; `hack/deps cluster` installs what the cluster needs")


def _up(arguments: argparse.Namespace) -> int:
    _check_tools()
    layout = Layout()
    policies = arguments.network_policies or bool(layout.settings and layout.settings.network_policies)
    go = binaries.go_program()
    # Before root: what is built belongs to the person whose cache it is.
    parts = cluster.Parts(
        kubernetes=binaries.ensure("kubernetes", go), containerd=binaries.ensure("containerd", go),
        provisioner=binaries.ensure("local-path-provisioner", go), images=images.ensure(addons.image_names(policies)),
    )
    layout.data.parent.mkdir(exist_ok=True)  # build/, which other things are written to as well
    _become_root()
    with cluster.exclusive(layout):
        cluster.up(Layout(), parts, arguments.nodes, policies)
    layout.kubectl_cache.mkdir(exist_ok=True)
    if owner := os.environ.get("SUDO_UID"):
        for path in (layout.kubeconfig, layout.kubectl_cache):
            os.chown(path, int(owner), -1)  # they are for the person; the kubeconfig is readable by nobody else
    say('the cluster is up; eval "$(hack/cluster env)" makes kubectl use it')
    return 0


def _down(_: argparse.Namespace) -> int:
    _become_root()
    layout = Layout()
    with cluster.exclusive(layout):
        if not teardown.remains(layout):
            say("there is no cluster of this checkout")
            return 0
        teardown.remove(layout)
    return 0


def _status(_: argparse.Namespace) -> int:
    _become_root()
    healthy, text = cluster.status(Layout())
    print(text)
    return 0 if healthy else 1


def _env(_: argparse.Namespace) -> int:
    variables = cluster.environment(Layout())
    go = binaries.go_program()
    folders = [binaries.ensure(name, go) for name in ("kubernetes", "containerd")]
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    # Not twice, however often this is evaluated.
    prefix = ":".join(map(str, folders))
    print(f'case ":$PATH:" in *{shlex.quote(f":{prefix}:")}*) ;; *) export PATH={shlex.quote(prefix)}:"$PATH" ;; esac')
    return 0


def _load(arguments: argparse.Namespace) -> int:
    _become_root()
    layout = Layout()
    if not layout.settings:
        raise Failure("this checkout has no cluster; `hack/cluster up` creates one")
    with cluster.exclusive(layout):
        images.load(layout, binaries.ensure("containerd", binaries.go_program()), arguments.archives)
    return 0


def _bin(arguments: argparse.Namespace) -> int:
    print(binaries.ensure(arguments.name, binaries.go_program()))
    return 0


def _apiserver_assets(_: argparse.Namespace) -> int:
    print(apiserver.assets(binaries.go_program))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hack/cluster", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        return sub

    up = command("up", _up, "start the cluster, or the parts that do not run; waits until DNS and the ingress answer")
    up.add_argument("--nodes", type=int, choices=range(1, MAX_NODES + 1),
                    help="number of nodes (default: as many as the cluster has, or 1)")
    up.add_argument("--network-policies", action="store_true", help="enforce NetworkPolicies; stays enabled until `down`")
    command("down", _down, "remove the cluster and all its data from the machine")
    command("status", _status, "show what runs and where; exits with 1 unless everything runs")
    command("env", _env, 'print exports for a shell: eval "$(hack/cluster env)"')
    load = command("load", _load, "import images into every node")
    load.add_argument("archives", nargs="+", type=pathlib.Path, metavar="IMAGE.tar",
                      help="a docker-archive, for example from hack/images, docker save or buildah push")
    of = command("bin", _bin, "print the directory with a module's binaries; builds them if necessary")
    of.add_argument("name", choices=sorted(binaries.MODULE_TABLE))
    command("apiserver-assets", _apiserver_assets, "print a directory with etcd and kube-apiserver, for tests that need no"
            " nodes: KUBEBUILDER_ASSETS if it has both, otherwise builds them")
    return parser


def main() -> int:
    arguments = _parser().parse_args()
    try:
        return int(arguments.function(arguments))
    except Failure as failure:
        print(f"hack/cluster: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("hack/cluster: interrupted; run it again to continue", file=sys.stderr)
        return 130
