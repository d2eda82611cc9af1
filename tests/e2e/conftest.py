"""Fixtures of the end-to-end tests: the cluster, the example app in it, clients, and a namespace of one's own."""

from __future__ import annotations

import contextlib
import re
import uuid

import pytest
import requests

from tests.support import cluster as clusters
from tests.support import evidence
from tests.support.app import App
from tests.support.figures import Figures
from tests.support.waiting import Stopwatch, wait_for

FIGURES = pytest.StashKey[Figures]()
CLUSTER = pytest.StashKey[clusters.Cluster]()
NAMESPACES = "e2e-"
BUILD = clusters.ROOT / "build" / "test"


def pytest_configure(config):
    config.stash[FIGURES] = Figures()


@pytest.fixture(scope="session")
def figures(pytestconfig) -> Figures:
    return pytestconfig.stash[FIGURES]


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


@pytest.fixture
def open_clients(chat):
    """Makes an opener of clients of one library against the example app, and closes what it opened."""
    with contextlib.ExitStack() as stack:
        def make(library, **options):
            opener = library(chat.url, **options)
            stack.callback(opener.close)
            return opener
        yield make


@pytest.fixture
def namespace(kubectl):
    """A namespace that goes afterwards, with everything in it; nothing waits until it is gone."""
    name = f"{NAMESPACES}{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def no_other_namespace(kubectl):
    """What earlier tests left to be deleted is gone."""
    wait_for(lambda: NAMESPACES not in kubectl("get", "namespaces", "-o", "name"), 90, "earlier namespaces to go", 0.5)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    cluster = item.config.stash.get(CLUSTER, None)
    if report.failed and cluster:
        report.sections.extend(evidence.collect(cluster.kubectl))
    return report


def pytest_terminal_summary(terminalreporter, config):
    figures = config.stash[FIGURES]
    terminalreporter.section("figures")
    for line in figures.lines():
        terminalreporter.line(line)
    figures.write(BUILD / "e2e-figures.json")
