"""What a backup tool keeps of an app's namespace, and how it restores it. The example is Velero with
existingResourcePolicy: update; its restore strips what this strips. Owner references are among that: their uids are those of
objects that are gone, so the garbage collector would delete what has them."""

from __future__ import annotations

import dataclasses
import json

from tests.support.app import App
from tests.support.kubectl import Kubectl
from tests.support.waiting import wait_for

# What Kubernetes derives from these (pods, ReplicaSets, EndpointSlices) is created again. What pods need comes before what makes pods.
DATA = ("persistentvolumeclaims", "secrets", "configmaps")
REST = ("serviceaccounts", "services", "statefulsets", "deployments", "poddisruptionbudgets", "ingresses")
# Annotations of kubectl and of the controllers of volumes about the object that is gone. One that says that a claim is bound
# would make it Lost.
OF_THE_OLD = ("kubectl.kubernetes.io/", "pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.kubernetes.io/")
CREDENTIALS = "realtimeoperator.dev/redis-credentials"


def portable(live: dict) -> dict:
    """The object as it can be created in another cluster."""
    metadata = live["metadata"]
    annotations = {name: value for name, value in metadata.get("annotations", {}).items() if not name.startswith(OF_THE_OLD)}
    kept = {**{name: value for name, value in live.items() if name not in ("metadata", "status")},
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "labels": metadata.get("labels", {}),
                         "annotations": annotations}}
    if live["kind"] == "Service" and live["spec"]["clusterIP"] != "None":
        kept["spec"] = {name: value for name, value in live["spec"].items() if name not in ("clusterIP", "clusterIPs")}
    return kept


def children(app: App, kinds: tuple[str, ...] = (*DATA, *REST)) -> list[dict]:
    """What there is of the app but itself, in the order of the kinds."""
    return app.kubectl.items(",".join(kinds), "-n", app.namespace, "-l", f"app.kubernetes.io/instance={app.name}")


def name_of(child: dict) -> str:
    return f"{child['kind']}/{child['metadata']['name']}"


@dataclasses.dataclass(frozen=True)
class Backup:
    app: dict
    data: list[dict]
    rest: list[dict]
    password: str
    digest: str  # of the password, as the pods carry it
    volume: str

    @classmethod
    def of(cls, app: App) -> Backup:
        data, rest = ([portable(child) for child in children(app, kinds)] for kinds in (DATA, REST))
        (digest,) = {it["spec"]["template"]["metadata"]["annotations"][CREDENTIALS] for it in rest
                     if it["kind"] in ("Deployment", "StatefulSet")}
        return cls(portable(app.get()), data, rest, app.secret("password"), digest, volume_of(app))

    def names(self) -> set[str]:
        return {name_of(child) for child in (*self.data, *self.rest)}


def restore(kubectl: Kubectl, *objects: dict) -> None:
    """Creates what is not there, and updates what is. Velero leaves that alone by default, which would keep the password that the
    operator made for an app that came before its Secret."""
    kubectl.apply(*objects, arguments=("--server-side", "--force-conflicts"))


def volume_of(app: App) -> str:
    claim = app.kubectl.json("get", "persistentvolumeclaim", f"data-{app.name}-redis-0", "-n", app.namespace)
    return claim["spec"]["volumeName"]


def set_reclaim_policy(kubectl: Kubectl, volume: str, policy: str) -> None:
    kubectl("patch", "persistentvolume", volume, "-p", json.dumps({"spec": {"persistentVolumeReclaimPolicy": policy}}))


def reserve(kubectl: Kubectl, volume: str) -> None:
    """Keeps the volume, whose claim is gone, for the next claim of the same name."""
    phase = ("get", "persistentvolume", volume, "-o", "jsonpath={.status.phase}")
    wait_for(lambda: kubectl(*phase) == "Released", 30, f"volume {volume} to lose its claim", 0.2)
    removals = [{"op": "remove", "path": f"/spec/claimRef/{field}"} for field in ("uid", "resourceVersion")]
    kubectl("patch", "persistentvolume", volume, "--type=json", "-p", json.dumps(removals))
    wait_for(lambda: kubectl(*phase) == "Available", 30, f"volume {volume} to be available", 0.2)
