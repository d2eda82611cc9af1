"""The chart's release, as a platform team handles it with helm."""

from __future__ import annotations

import json
import pathlib
import subprocess

from tests.support.cluster import ROOT, leading_pod
from tests.support.foreign import CRD, Foreign
from tests.support.waiting import wait_for

CHART = ROOT / "charts" / "realtime-operator"


def build_images(sources: pathlib.Path, *names: str) -> dict[str, tuple[str, str]]:
    """Reference and archive of each, made from these sources."""
    made = subprocess.run([sources / "hack" / "images", "build", *names], check=True, stdout=subprocess.PIPE, text=True)
    return {name: (reference, tar) for name, reference, tar in (line.split("\t") for line in made.stdout.splitlines())}


class Release:
    """One at a time; its namespace is made with it."""

    name = "realtime-operator"
    namespace = "platform"
    user = "system:serviceaccount:platform:realtime-operator"

    def __init__(self, cluster: Foreign, images: dict[str, str], chart: pathlib.Path = CHART) -> None:
        self._cluster = cluster
        self.kubectl = cluster.kubectl
        self._chart = chart
        repository, _, tag = images["realtime-operator"].rpartition(":")
        self._images = [f"image.repository={repository}", f"image.tag={tag}", f"redis.image={images['redis']}",
                        f"server.image={images['realtime-server']}"]

    def helm(self, *arguments: object, stdin: str | None = None) -> str:
        folder = subprocess.run([ROOT / "hack" / "cluster", "bin", "helm"], check=True, stdout=subprocess.PIPE, text=True)
        answer = subprocess.run([f"{folder.stdout.strip()}/helm", *map(str, arguments), "--namespace", self.namespace],
                                input=stdin, env=self._cluster.environment, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, f"helm {arguments}: {answer.stdout}{answer.stderr}"
        return answer.stdout

    def install(self, *settings: str, **values: object) -> str:
        """Installs it, or upgrades it, and waits until all of its instances run; what helm prints."""
        words = [word for setting in (*self._images, *settings) for word in ("--set", setting)]
        return self.helm("upgrade", "--install", self.name, self._chart, "--create-namespace", "--reset-values", "--wait",
                         "--timeout", "120s", *words, "--values", "-", stdin=json.dumps(values))

    def test(self) -> str:
        """The words of the test's pod."""
        return self.helm("test", self.name, "--logs")

    def uninstall(self) -> str:
        return self.helm("uninstall", self.name, "--wait")

    def has_crd(self) -> bool:
        return bool(self.kubectl("get", "customresourcedefinition", CRD, "--ignore-not-found", "-o", "name"))

    def leader(self) -> str:
        """The name of the pod that leads; empty while none does."""
        return leading_pod(self.kubectl, self.namespace).get("metadata", {}).get("name", "")

    def wait_led(self) -> str:
        return wait_for(self.leader, 30, "an instance of the operator to lead")

    def remove_all(self) -> None:
        if self.name in self.helm("list", "--short"):
            self.uninstall()
        if self.has_crd():
            self._cluster.delete_crd()
        self.kubectl("delete", "namespace", self.namespace, "--ignore-not-found")
