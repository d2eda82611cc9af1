"""A cluster for a test alone: the local cluster of another copy of the checkout."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from .audit import WRITES, AuditLog, brief
from .cluster import ROOT
from .kubectl import Kubectl
from .traces import Layout

CRD = "realtimeapps.realtimeoperator.dev"
PEOPLE = ("admin", "newcomer")  # whoever else writes is a part of the cluster
# What somebody could miss, or find left over. Not what comes and goes by itself.
KINDS = ("namespaces,customresourcedefinitions,clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts,"
         "deployments,statefulsets,daemonsets,services,ingresses,ingressclasses,configmaps,secrets,poddisruptionbudgets,"
         "persistentvolumes,persistentvolumeclaims,pods")


def copy(folder: pathlib.Path, *names: str) -> pathlib.Path:
    """A copy of these folders of the checkout."""
    for name in names:
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


class Foreign:
    """Up from the start, as `hack/cluster up` makes it with these options; its people are `admin` and whom `person`
    makes."""

    def __init__(self, folder: pathlib.Path, *options: str):
        self.folder = copy(folder, "hack")
        self.cluster("up", *options)
        self.environment = self._environment()
        self.kubectl = Kubectl(self.environment)
        self.layout = Layout(self.folder)
        self.audit = AuditLog(self.layout.audit_log)
        self.known = self.inventory()  # when a test last looked

    def cluster(self, command: str, *arguments: object) -> None:
        subprocess.run([self.folder / "hack" / "cluster", command, *map(str, arguments)], check=True)

    def _environment(self) -> Mapping[str, str]:
        script = 'eval "$(hack/cluster env)" && env -0'
        output = subprocess.run(["bash", "-euc", script], cwd=self.folder, check=True, stdout=subprocess.PIPE,
                                text=True).stdout
        return dict(entry.split("=", 1) for entry in output.split("\0") if entry)

    @property
    def path(self) -> str:
        """A PATH with the cluster's own kubectl and ctr."""
        return self.environment["PATH"]

    def program(self, name: str) -> pathlib.Path:
        return pathlib.Path(shutil.which(name, path=self.path))

    def run(self, name: str, *arguments: object) -> None:
        """Runs one of the programs that the cluster's parts are built from, as admin."""
        folder = subprocess.run([self.folder / "hack" / "cluster", "bin", name], check=True, stdout=subprocess.PIPE,
                                text=True).stdout.strip()
        subprocess.run([f"{folder}/{name}", *map(str, arguments)], env=self.environment, check=True)

    @property
    def server(self) -> str:
        return self.layout.api_url

    def variables(self, kubeconfig: pathlib.Path) -> dict[str, str]:
        """How a user of this cluster sets up a shell."""
        return {"KUBECONFIG": str(kubeconfig), "PATH": self.path, "KUBECACHEDIR": str(self.layout.kubectl_cache)}

    def kubeconfig(self, file: pathlib.Path, context: str) -> pathlib.Path:
        """Admin's kubeconfig, with the context under another name."""
        shutil.copy(self.layout.kubeconfig, file)
        subprocess.run(["kubectl", "--kubeconfig", file, "config", "rename-context", "local", context], check=True,
                       env=self.environment, capture_output=True)
        return file

    def person(self, file: pathlib.Path, context: str, name: str) -> pathlib.Path:
        """The kubeconfig of a user with a certificate of the cluster's authority, and no permissions."""
        assert name in PEOPLE
        key, request, certificate = (file.with_suffix(suffix) for suffix in (".key", ".csr", ".crt"))
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        authority = ["-CA", self.layout.pki / "ca.crt", "-CAkey", self.layout.pki / "ca.key", "-days", "1"]
        for command in (["req", *curve, "-keyout", key, "-out", request, "-subj", f"/CN={name}"],
                        ["x509", "-req", "-in", request, *authority, "-out", certificate]):
            subprocess.run(["openssl", *command], check=True, capture_output=True)
        self.kubeconfig(file, context)
        for words in (["set-credentials", name, f"--client-certificate={certificate}", f"--client-key={key}"],
                      ["set-context", context, f"--user={name}"]):
            subprocess.run(["kubectl", "--kubeconfig", file, "config", *words], check=True, env=self.environment,
                           capture_output=True)
        return file

    def kind(self, folder: pathlib.Path, name: str) -> str:
        """A PATH with a stand-in for the program kind, which knows one cluster and brings it images as kind does."""
        folder.mkdir()
        program = folder / "kind"
        program.write_text(
            "#!/bin/sh\n"
            f'[ "$1 $2 $4 $5" = "load image-archive --name {name}" ] || {{ echo "what is $*?" >&2; exit 1; }}\n'
            f'exec ctr -a {self.layout.node(1).containerd_socket} -n k8s.io images import "$3"\n', encoding="utf-8")
        program.chmod(0o755)
        return f"{folder}{os.pathsep}{self.path}"

    def inventory(self) -> set[str]:
        """What there is, by kind, namespace and name."""
        columns = "-o=custom-columns=:.kind,:.metadata.namespace,:.metadata.name"
        lines = self.kubectl("get", KINDS, "--all-namespaces", "--no-headers", columns).splitlines()
        return {" ".join(line.split()) for line in lines}

    def left_over(self) -> set[str]:
        """What a test has added or taken away; later tests are not to blame for it."""
        before, self.known = self.known, self.inventory()
        return before ^ self.known

    def has(self, kind: str, name: str, namespace: str = "default") -> bool:
        return bool(self.kubectl("get", kind, name, "-n", namespace, "--ignore-not-found", "-o", "name"))

    def delete_crd(self) -> None:
        """Where nobody has listed the resource yet a deletion may hang: the API server's finalizer finds the cache of the resource
        cold, and if its next try conflicts with its own report of that, none follows before the resync, five minutes
        later (see kubernetes/kubernetes#140485). So the cache is warmed first."""
        self.kubectl("get", CRD, "--all-namespaces")
        self.kubectl("delete", "customresourcedefinition", CRD)

    @contextlib.contextmanager
    def untouched(self) -> Iterator[None]:
        """Nobody asks for any change meanwhile, not even for one that is refused."""
        mark = self.audit.mark()
        yield
        asked = [brief(entry) for entry in self.audit.since(mark)
                 if entry["user"]["username"] in PEOPLE and entry["verb"] in WRITES
                 and entry["objectRef"].get("apiGroup") != "authorization.k8s.io"]
        assert asked == []
