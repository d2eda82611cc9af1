"""Names, addresses and folders of one checkout's cluster, all derived from the checkout's path and one chosen number.

Two checkouts never share a name, so their clusters run side by side and removing one cannot touch the other.
The few choices that cannot be derived are kept in settings.json in the data folder, which `down` removes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent.parent
MAX_NODES = 2


@dataclasses.dataclass
class Settings:
    """What was chosen at the first `up`: a second `up` must find the same addresses again."""

    octet: int  # the cluster owns 10.OCTET.0.0/16
    ingress_port: int = 0  # of localhost; 0 until one is chosen
    nodes: int = 1
    network_policies: bool = False
    boot: str = ""  # of the machine; after a reboot, containerd's state is of another life


@dataclasses.dataclass(frozen=True)
class Node:
    """One node: a network namespace with a containerd and a kubelet in it."""

    number: int
    identity: str
    octet: int
    cluster_folder: pathlib.Path

    @property
    def name(self) -> str:
        return f"node{self.number}"

    @property
    def netns(self) -> str:
        return f"{self.identity}-{self.number}"

    @property
    def address(self) -> str:
        return f"10.{self.octet}.{self.number - 1}.2"

    @property
    def gateway(self) -> str:
        return f"10.{self.octet}.{self.number - 1}.1"

    @property
    def pod_range(self) -> str:
        return f"10.{self.octet}.{63 + self.number}.0/24"

    @property
    def folder(self) -> pathlib.Path:
        return self.cluster_folder / self.name

    @property
    def kubelet_root(self) -> pathlib.Path:
        """Where the kubelet sees `folder`/kubelet: see Layout.short."""
        return pathlib.Path("/run", self.identity, f"kubelet{self.number}")

    @property
    def containerd_socket(self) -> pathlib.Path:
        return pathlib.Path("/run", self.identity, f"containerd{self.number}.sock")

    @property
    def cgroup(self) -> str:
        return f"/{self.netns}"


class Layout:
    """Where everything of this checkout's cluster is. Reading it changes nothing on the machine."""

    def __init__(self, checkout: pathlib.Path = CHECKOUT):
        self.checkout = checkout
        self.identity = "rto" + hashlib.sha256(str(checkout).encode()).hexdigest()[:8]
        self.data = checkout / "build" / "cluster"
        self.settings_file = self.data / "settings.json"
        self.kubeconfig = self.data / "kubeconfig"
        # Else kubectl keeps what it discovers in the person's home, where `down` could not tell whose it is.
        self.kubectl_cache = self.data / "kubectl-cache"
        self.pki = self.data / "pki"
        self.logs = self.data / "log"
        self.audit_log = self.logs / "audit.log"
        self.volumes = self.data / "volumes"
        # Sockets live here, and the kubelets' folders are mounted here: a socket's path has at most 107 characters, and
        # below the checkout of a CI runner that is soon too few.
        self.short = pathlib.Path("/run", self.identity)
        self.host_link = self.identity  # the machine's end of the cable to node1; 11 of at most 15 characters
        self.settings: Settings | None = None
        with contextlib.suppress(FileNotFoundError):
            self.settings = Settings(**json.loads(self.settings_file.read_text(encoding="utf-8")))

    def save(self) -> None:
        """Keeps the settings; renamed into place, so that a kill leaves the old or the new ones."""
        assert self.settings
        self.data.mkdir(parents=True, exist_ok=True)
        draft = self.settings_file.with_suffix(".new")
        draft.write_text(json.dumps(dataclasses.asdict(self.settings), indent=2) + "\n", encoding="utf-8")
        os.replace(draft, self.settings_file)

    def node(self, number: int) -> Node:
        octet = self.settings.octet if self.settings else 0
        return Node(number, self.identity, octet, self.data)

    @property
    def nodes(self) -> list[Node]:
        count = self.settings.nodes if self.settings else 0
        return [self.node(number) for number in range(1, count + 1)]

    @property
    def possible_nodes(self) -> list[Node]:
        """What may be left of any earlier cluster of this checkout, whatever the settings say."""
        return [self.node(number) for number in range(1, MAX_NODES + 1)]

    def _address(self, rest: str) -> str:
        assert self.settings
        return f"10.{self.settings.octet}.{rest}"

    @property
    def whole_range(self) -> str:
        return self._address("0.0/16")

    @property
    def pod_range(self) -> str:
        return self._address("64.0/18")

    @property
    def service_range(self) -> str:
        return self._address("128.0/17")

    @property
    def api_service(self) -> str:
        return self._address("128.1")

    @property
    def dns_service(self) -> str:
        return self._address("128.10")

    @property
    def host_address(self) -> str:
        """The machine itself, as pods see it."""
        return self._address("0.1")

    @property
    def api_url(self) -> str:
        return f"https://{self.node(1).address}:6443"
