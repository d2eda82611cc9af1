"""The cluster's cables: one network namespace for each node, and routes by which the machine itself reaches all of it.

    machine 10.X.0.1 ---- 10.X.0.2 node1 10.X.1.1 ---- 10.X.1.2 node2

Pods are in 10.X.64.0/18, a /24 for each node, services in 10.X.128.0/17. The machine sends the whole 10.X.0.0/16 to
node1, so pod and service addresses, logs, exec, port-forward and the ingress work from the machine's own programs.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import pathlib
import socket
import subprocess
import typing

from .layout import Layout, Node
from .progress import Failure

NETNS_FOLDER = pathlib.Path("/run/netns")
_OCTETS = [*range(200, 255), *range(20, 200)]  # the low ones are what people use at home and in offices


def _ip(*lines: str, netns: str | None = None) -> None:
    """Runs lines of ip(8) in order; the first that fails raises."""
    command = ["ip", *(["-n", netns] if netns else []), "-batch", "-"]
    result = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Failure(f"ip, in {netns or 'the machine'}: {result.stderr.strip()}")


def _ip_json(*arguments: str) -> list[dict[str, typing.Any]]:
    result = subprocess.run(["ip", "-j", *arguments], capture_output=True, text=True, check=True)
    found: list[dict[str, typing.Any]] = json.loads(result.stdout or "[]")
    return found


def _link_exists(name: str, netns: str | None = None) -> bool:
    command = ["ip", *(["-n", netns] if netns else []), "link", "show", "dev", name]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _networks_in_use() -> list[ipaddress.IPv4Network]:
    networks = [
        ipaddress.IPv4Network(f"{address['local']}/{address['prefixlen']}", strict=False)
        for link in _ip_json("-4", "addr", "show") for address in link.get("addr_info", ())
    ]
    for route in _ip_json("-4", "route", "show", "table", "all"):
        if route["dst"] != "default":
            networks.append(ipaddress.IPv4Network(route["dst"], strict=False))
    return networks


def choose_octet() -> int:
    """The first X for which nothing on this machine has an address or a route in 10.X.0.0/16."""
    in_use = _networks_in_use()
    for octet in _OCTETS:
        wanted = ipaddress.IPv4Network(f"10.{octet}.0.0/16")
        if not any(wanted.overlaps(network) for network in in_use):
            return octet
    raise Failure("no 10.X.0.0/16 is free on this machine: each has an address or a route already (see `ip route`)")


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections in TIME_WAIT do not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(first: int) -> int:
    for port in range(first, first + 1000):
        if _port_is_free(port):
            return port
    raise Failure(f"no port from {first} to {first + 999} is free on localhost")


def _ensure_netns(name: str) -> None:
    if not (NETNS_FOLDER / name).exists():
        subprocess.run(["ip", "netns", "add", name], check=True)


def _set(node: Node, key: str) -> bool:
    command = ["nsenter", f"--net=/run/netns/{node.netns}", "--", "sysctl", "-qw", f"{key}=1"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _configure(node: Node) -> None:
    _ip("link set lo up", f"addr replace {node.address}/24 dev eth0", "link set eth0 up",
        f"route replace default via {node.gateway}", netns=node.netns)
    if not _set(node, "net.ipv4.ip_forward"):
        raise Failure(f"{node.netns} cannot forward packets: net.ipv4.ip_forward is read-only here")
    # Answers of a service whose pod is on the asker's own bridge must pass kube-proxy's rules on the way back. Where
    # the key is missing, the bridge filter is not loaded, and only that one case is affected.
    _set(node, "net.bridge.bridge-nf-call-iptables")


def ensure(layout: Layout) -> None:
    """Makes what is missing; everything here may be repeated."""
    first, *others = layout.nodes
    _ensure_netns(first.netns)
    if not _link_exists(layout.host_link):
        wanted = ipaddress.IPv4Network(layout.whole_range)
        if any(wanted.overlaps(network) for network in _networks_in_use()):
            raise Failure(f"{layout.whole_range} was this cluster's and is now used by something else on the machine"
                          " (see `ip route`). `hack/cluster down` and `up` make a new cluster with a free range.")
        _ip(f"link add {layout.host_link} type veth peer name eth0 netns {first.netns}")
    _ip(f"addr replace {layout.host_address}/24 dev {layout.host_link}", f"link set {layout.host_link} up",
        f"route replace {layout.whole_range} via {first.address} dev {layout.host_link}")
    _configure(first)
    # Without it, a packet to a pod address that nobody has would go back and forth to the machine.
    _ip(f"route replace unreachable {layout.pod_range}", netns=first.netns)
    for node in others:
        _ensure_netns(node.netns)
        if not _link_exists(node.name, first.netns):
            _ip(f"link add {node.name} type veth peer name eth0 netns {node.netns}", netns=first.netns)
        _ip(f"addr replace {node.gateway}/24 dev {node.name}", f"link set {node.name} up",
            f"route replace {node.pod_range} via {node.address} dev {node.name}", netns=first.netns)
        _configure(node)


def remains(layout: Layout) -> list[str]:
    """Names of this cluster's namespaces and links that exist."""
    found = [node.netns for node in layout.possible_nodes if (NETNS_FOLDER / node.netns).exists()]
    if _link_exists(layout.host_link):
        found.append(layout.host_link)
    return found


def remove(layout: Layout) -> None:
    """Removes links and namespaces; those in namespaces go with them."""
    if _link_exists(layout.host_link):
        _ip(f"link del {layout.host_link}")
    for node in layout.possible_nodes:
        if (NETNS_FOLDER / node.netns).exists():
            subprocess.run(["ip", "netns", "del", node.netns], check=True)
    with contextlib.suppress(OSError):
        NETNS_FOLDER.rmdir()  # only when it is empty; `ip netns add` makes it again
