"""Fixtures of the end-to-end tests: the cluster, the app that the quickstart made in it, clients, and a namespace of one's
own."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from tests.support import cluster as clusters
from tests.support import evidence, fleet, names
from tests.support.app import App
from tests.support.replicas import Owners
from tests.support.reporting import figures, pytest_configure, pytest_terminal_summary  # noqa: F401  (pytest looks for them here)
from tests.support.waiting import Stopwatch

CLUSTER = pytest.StashKey[clusters.Cluster]()
NAMESPACES = "e2e-"


@pytest.fixture(scope="session")
def cluster(pytestconfig, figures):
    """A cluster in which `hack/quickstart` has run; it stays, as it would for its user."""
    watch = Stopwatch()
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        clusters.up()
    figures.add("hack/quickstart", f"{watch.seconds():.1f} s")
    pytestconfig.stash[CLUSTER] = made = clusters.Cluster()
    for name, size in clusters.image_sizes().items():
        figures.add(f"image {name}", f"{size / 1e6:.0f} MB")
    with pytest.MonkeyPatch.context() as patch:
        names.lead_to(urlsplit(made.ingress).hostname, patch)
        yield made
    figures.add("operator's resident memory at the end", f"{operator_memory(made) / 1e6:.1f} MB")


def operator_memory(cluster) -> float:
    """From the operator's own metrics."""
    pod = cluster.operator_pod()
    (port,) = [port["containerPort"] for container in pod["spec"]["containers"] for port in container["ports"]
               if port["name"] == "metrics"]
    metrics = requests.get(f"http://{pod['status']['podIP']}:{port}/metrics", timeout=10).text
    return float(re.search(r"^process_resident_memory_bytes (\S+)$", metrics, re.MULTILINE)[1])


@pytest.fixture(scope="session")
def kubectl(cluster):
    return cluster.kubectl


@pytest.fixture
def chat(kubectl) -> App:
    """The app that hack/quickstart made, ready and with its three replicas whatever the test before did."""
    app = App(kubectl, "chat", "default")
    if app.get()["spec"]["replicas"] != 3:
        app.scale(3)
    app.wait_ready()
    return app


@dataclasses.dataclass(frozen=True)
class Served:
    """An app whose replicas are ready, and its clients' way to it."""

    name: str
    app: App
    open: Callable[[type], fleet.Opener]  # makes an opener of clients of a library; it is closed after the test


@pytest.fixture
def bundled(chat):
    """The bundled server."""
    with contextlib.ExitStack() as stack:
        yield Served("bundled", chat, opening(stack, chat.url, locate=Owners(chat)))


@pytest.fixture(scope="session")
def flask_app(cluster, kubectl, figures):
    """The Flask example, an image of a user's own, next to the server's."""
    name = f"flask-{uuid.uuid4().hex[:8]}"  # not one of NAMESPACES: it stays until the end
    clusters.load("flask-socketio-example")
    kubectl("create", "namespace", name)
    example = clusters.example("flask-socketio/realtimeapp.yaml", namespace=name, host="flask.test")
    app = App(kubectl, example["metadata"]["name"], name)
    kubectl.apply(example)
    figures.add("kubectl apply of the Flask example to Ready, three replicas", f"{app.wait_ready():.1f} s")
    app.wait_served()
    yield app
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def flask(flask_app):
    flask_app.wait_ready()
    with contextlib.ExitStack() as stack:
        yield Served("flask", flask_app, opening(stack, flask_app.url))


@pytest.fixture(params=["bundled", "flask"])
def either(request):
    """The bundled server, and then the Flask example."""
    return request.getfixturevalue(request.param)


def opening(stack: contextlib.ExitStack, url: str, **options: object) -> Callable[[type], fleet.Opener]:
    def make(library):
        opener = library(url, **options)
        stack.callback(opener.close)
        return opener
    return make


@pytest.fixture
def namespace(kubectl):
    """A namespace that goes afterwards, with everything in it; nothing waits until it is gone."""
    name = f"{NAMESPACES}{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    cluster = item.config.stash.get(CLUSTER, None)
    if report.failed and cluster:
        report.sections.extend(evidence.collect(cluster.kubectl))
    return report
