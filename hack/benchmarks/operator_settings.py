"""What a run of the benchmark `operator` measures, how much of it and how often."""

from __future__ import annotations

import dataclasses

PARTS = ("apps", "many", "foreign", "no-op")
CHILDREN = 10  # of one app: what `spec_of` asks for becomes so many objects, the Secret among them
NAMESPACES = 10
INGRESS_CLASS = "traefik"
MB = 1e6
FEW = 100  # apps, that a reconcile with many is compared with


@dataclasses.dataclass(frozen=True)
class OperatorSettings:
    only: tuple[str, ...]
    parts: tuple[str, ...] = PARTS
    apps: int = 1000
    many: int = 10_000
    foreign: int = 50_000
    rounds: int = 3
    memory_rounds: int = 1
    idle_seconds: float = 60

    def order(self, number: int) -> list[str]:
        """Who is measured first in one round is the last in the next."""
        return list(self.only) if number % 2 else list(reversed(self.only))

    def estimate(self, part: str) -> float:
        """Seconds that one part takes in one round."""
        if part == "no-op":
            return 10 + self.many * 0.003
        each = {"apps": 60 + self.apps + self.idle_seconds, "many": 60 + self.many * 0.1}
        return each[part] * len(self.only) if part in each else 20 + self.foreign * 0.002

    def rounds_of(self, part: str) -> int:
        return self.rounds if part == "apps" else min(self.rounds, self.memory_rounds)


def namespace_of(number: int) -> str:
    return f"bench-{number % NAMESPACES}"


def app_of(number: int) -> dict:
    """A fleet of one replica of the bundled server, with a Redis and an Ingress: each part that an app may have."""
    return {
        "apiVersion": "realtimeoperator.dev/v1alpha1", "kind": "RealtimeApp",
        "metadata": {"name": f"app-{number}", "namespace": namespace_of(number)},
        "spec": {"replicas": 1, "server": {}, "redis": {"type": "Provisioned"},
                 "exposure": {"type": "Ingress", "className": INGRESS_CLASS, "host": f"app-{number}.test"}},
    }


CHANGE = {"spec": {"drain": {"deadline": "90s"}}}  # the configuration and the pods' template: a rollout of the fleet


def foreign_of(number: int) -> tuple[str, dict]:
    """The resource and an object that is none of the operator's: Secrets, ConfigMaps and Pods in turn."""
    metadata = {"name": f"foreign-{number}", "namespace": namespace_of(number),
                "labels": {"app.kubernetes.io/name": "other", "app.kubernetes.io/managed-by": "Helm"}}
    if number % 3 == 0:
        return "secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"key": "s" * 2000}}
    if number % 3 == 1:
        return "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "c" * 2000}}
    return "pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
                    "spec": {"automountServiceAccountToken": False, "serviceAccountName": "bench",
                             "containers": [{"name": "other", "image": "other:1", "env": [
                                 {"name": f"VARIABLE_{index}", "value": "v" * 60} for index in range(16)]}]}}
