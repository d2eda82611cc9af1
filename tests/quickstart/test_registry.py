"""A cluster that pulls from a registry: pushed there, pulled from there, and all of it taken away again.

The cluster has no ingress controller that the example could use, as most clusters have not.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess

import pytest
import requests

from tests.quickstart.registry import free_port, registry
from tests.support.app import App, is_the_demo_page
from tests.support.cluster import OPERATOR_NAMESPACE

IMAGES = ("realtime-operator", "realtime-server", "redis")


@pytest.fixture
def open_registry(foreign):
    """Opens registries, which close after the test."""
    if not shutil.which("docker-registry"):
        pytest.skip("needs a registry: Debian's package docker-registry")
    with contextlib.ExitStack() as stack:
        yield lambda closed=False: stack.enter_context(registry(foreign.layout, closed))


@pytest.fixture
def without_ingress(cluster):
    found = cluster.kubectl.json("get", "ingressclass", "traefik")
    cluster.kubectl("delete", "ingressclass", "traefik")
    yield
    for name in ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields"):
        found["metadata"].pop(name, None)
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(found))


def assert_pulled(cluster, registry, folder: str) -> None:
    """Every container runs what was pushed, and the node's containerd had it from there."""
    assert registry.repositories() == [f"{folder}/{name}" for name in IMAGES]
    pushed = {}
    for repository in registry.repositories():
        tag, digest = registry.digest(repository)
        pushed[f"{registry.address}/{repository}:{tag}"] = f"{registry.address}/{repository}@{digest}"
    running = {}
    for namespace in ("default", OPERATOR_NAMESPACE):
        for pod in cluster.kubectl.items("pods", "-n", namespace):
            running |= {status["image"]: status["imageID"] for status in pod["status"]["containerStatuses"]}
    assert running == pushed
    assert registry.asked_by("containerd") == set(registry.repositories())


def assert_forwards(checkout, command: str, url: str, **environment: str) -> None:
    """What it says to run leads to the page."""
    with subprocess.Popen(command.split(), cwd=checkout.folder, env={**checkout.environment, **environment},
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            assert "Forwarding from" in process.stdout.readline()
            assert is_the_demo_page(requests.get(url, timeout=10))
        finally:
            process.terminate()


def test_a_cluster_gets_its_images_over_a_registry(cluster, without_ingress, open_registry, cleared, checkout, admin):
    before = cluster.inventory()
    own = open_registry()
    run = checkout.quickstart("--yes", "--registry", f"{own.address}/team/", **admin).succeeded()
    run.said("no IngressClass traefik", *(f"pushing {name} to {own.address}/team" for name in IMAGES))
    assert App(cluster.kubectl, "chat", "default").ready()
    assert_pulled(cluster, own, "team")
    (command,) = re.findall(r"Run +(kubectl .*port-forward.*)", run.output)
    assert "http://localhost:8080" in run.output
    port = free_port()  # that one may be taken here
    assert_forwards(checkout, command.replace("8080:", f"{port}:"), f"http://localhost:{port}", **admin)

    checkout.type(f"{run.suggested[-1]} --yes", **admin)
    assert cluster.inventory() == before


def test_a_registry_that_wants_a_login_is_said_to_and_nothing_is_changed(foreign, open_registry, checkout, admin):
    closed = open_registry(closed=True)
    with foreign.untouched():
        run = checkout.quickstart("--yes", "--registry", f"{closed.address}/team", **admin)
    run.refused(f"{closed.address}/team", "authentication required", "buildah login 127.0.0.1")
