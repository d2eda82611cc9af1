"""One RealtimeApp in the cluster, as the tests look at it and change it."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlsplit

import requests

from .kubectl import Kubectl
from .waiting import Stopwatch, wait_for


def manifest(name: str, namespace: str, **spec: object) -> dict:
    """A RealtimeApp."""
    return {"apiVersion": "realtimeoperator.dev/v1alpha1", "kind": "RealtimeApp",
            "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def is_the_demo_page(answer: requests.Response) -> bool:
    """Whether this is the page that the bundled server shows at /."""
    return answer.ok and "<title>Realtime server</title>" in answer.text


def is_ready(pod: dict) -> bool:
    return any(it["type"] == "Ready" and it["status"] == "True" for it in pod["status"].get("conditions", []))


class App:
    """A RealtimeApp by name."""

    def __init__(self, kubectl: Kubectl, name: str, namespace: str) -> None:
        self.kubectl = kubectl
        self.name = name
        self.namespace = namespace

    def get(self) -> dict:
        return self.kubectl.json("get", "realtimeapp", self.name, "-n", self.namespace)

    @property
    def url(self) -> str:
        return self.get()["status"]["url"]

    def secret(self, key: str) -> str:
        """A value of the Secret that the operator made for Redis."""
        data = self.kubectl.json("get", "secret", f"{self.name}-redis", "-n", self.namespace)["data"]
        return base64.b64decode(data[key]).decode()

    def redis_url(self) -> str:
        """The app's own REDIS_URL with an address in place of the name, which only the cluster's DNS knows."""
        inside = urlsplit(self.secret("url"))
        service = self.kubectl.json("get", "service", f"{self.name}-redis", "-n", self.namespace)
        return inside._replace(netloc=f":{inside.password}@{service['spec']['clusterIP']}:6379").geturl()

    def ready(self) -> bool:
        """Whether the status speaks of the present manifest and says that all of its replicas are ready."""
        live = self.get()
        status = live.get("status", {})
        ready = [it for it in status.get("conditions", []) if it["type"] == "Ready" and it["status"] == "True"]
        return bool(ready) and (ready[0]["observedGeneration"] == live["metadata"]["generation"]
                                and status["readyReplicas"] == live["spec"]["replicas"] == len(self.replicas()))

    def wait_ready(self, timeout: float = 120) -> float:
        """Seconds until it is ready."""
        watch = Stopwatch()
        wait_for(self.ready, timeout, lambda: f"{self.name} to be ready: {json.dumps(self.get().get('status'))}", 0.2)
        return watch.seconds()

    def wait_served(self) -> None:
        """Until the ingress leads to it, which takes it a moment to hear of a ready replica."""
        wait_for(lambda: requests.get(self.url, timeout=5).ok, 20, f"an answer at {self.url}", 0.2)

    def pods(self, redis: bool = False) -> list[dict]:
        """The replicas' pods, without those that are being deleted. With that of Redis they are found by their label, so also
        while there is no RealtimeApp."""
        selector = f"app.kubernetes.io/instance={self.name}" if redis else self.get()["status"]["selector"]
        pods = self.kubectl.items("pods", "-n", self.namespace, "-l", selector)
        return [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]

    def replicas(self) -> set[str]:
        """The names of the pods that are ready."""
        return {pod["metadata"]["name"] for pod in self.pods() if is_ready(pod)}

    def incarnations(self, redis: bool = False) -> dict[str, tuple[str, int]]:
        """Pod name to uid and count of restarts: equal before and after means that nothing restarted."""
        return {pod["metadata"]["name"]: (pod["metadata"]["uid"],
                                          sum(it["restartCount"] for it in pod["status"]["containerStatuses"]))
                for pod in self.pods(redis)}

    def scale(self, replicas: int) -> None:
        self.kubectl("scale", "realtimeapp", self.name, "-n", self.namespace, f"--replicas={replicas}")

    def kill_pod(self, pod: str) -> None:
        """Without a chance to say goodbye."""
        self.kubectl("delete", "pod", pod, "-n", self.namespace, "--grace-period=0", "--force")
