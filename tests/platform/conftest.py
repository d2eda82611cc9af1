"""What the tests of a platform team share: a cluster of two nodes that enforces network policies, with the images and the
chart, and no operator but what a test installs."""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.platform.release import Release, build_images
from tests.platform.traffic import ECHO, Traffic, traffic
from tests.support import names
from tests.support.app import App, manifest
from tests.support.cluster import ROOT
from tests.support.foreign import Foreign
from tests.support.kubectl import Kubectl
from tests.support.long_run import collect_ignore_glob  # noqa: F401  (pytest looks for it here)
from tests.support.reporting import figures, pytest_configure, pytest_terminal_summary  # noqa: F401  (pytest looks for them here)
from tests.support.waiting import wait_for

CLUSTER = pytest.StashKey[Foreign]()
IMAGES = ("realtime-operator", "realtime-server", "redis", "busybox")


@pytest.fixture(scope="session")
def images() -> dict[str, tuple[str, str]]:
    return build_images(ROOT, *IMAGES)


@pytest.fixture(scope="session")
def cluster(pytestconfig, tmp_path_factory, images) -> Iterator[Foreign]:
    folder = tmp_path_factory.mktemp("platform")
    try:
        made = Foreign(folder, "--nodes=2", "--network-policies")
        made.cluster("load", *(tar for _, tar in images.values()))
        pytestconfig.stash[CLUSTER] = made
        with pytest.MonkeyPatch.context() as patch:
            names.lead_to(urlsplit(made.environment["REALTIME_CLUSTER_INGRESS"]).hostname, patch)
            yield made
    finally:
        subprocess.run([folder / "hack" / "cluster", "down"], check=True)


@pytest.fixture(scope="session")
def kubectl(cluster) -> Kubectl:
    return cluster.kubectl


@pytest.fixture
def release(cluster, images) -> Iterator[Release]:
    """The chart, not installed yet; nothing of it is left after the test."""
    made = Release(cluster, {name: reference for name, (reference, _) in images.items()})
    yield made
    made.remove_all()


@pytest.fixture(scope="module")
def operator(cluster, images) -> Iterator[Release]:
    """The chart, for all tests of a module; what it reads of Secrets counts for a few seconds only."""
    made = Release(cluster, {name: reference for name, (reference, _) in images.items()})
    made.install(extraArgs=["--secret-refresh=3"])
    made.wait_led()
    yield made
    made.remove_all()


@pytest.fixture(scope="session")
def busybox(images) -> str:
    return images["busybox"][0]


@contextlib.contextmanager
def fresh_namespaces(kubectl: Kubectl, letters: str) -> Iterator[list[str]]:
    run = uuid.uuid4().hex[:6]
    made = [f"team-{letter}-{run}" for letter in letters]
    for name in made:
        kubectl("create", "namespace", name)
    yield made
    kubectl("delete", "namespace", *made, "--wait=false", "--ignore-not-found")


@pytest.fixture
def namespaces(kubectl) -> Iterator[list[str]]:
    """Three fresh namespaces."""
    with fresh_namespaces(kubectl, "abc") as made:
        yield made


@pytest.fixture(scope="module")
def module_namespaces(operator, kubectl) -> Iterator[list[str]]:
    """Four for all tests of a module."""
    with fresh_namespaces(kubectl, "abcd") as made:
        yield made


@pytest.fixture(scope="module")
def chat(operator, kubectl, module_namespaces) -> App:
    """A fleet of three behind the ingress."""
    made = App(kubectl, "chat", module_namespaces[0])
    exposure = {"type": "Ingress", "className": "traefik", "host": "chat.test"}
    kubectl.apply(manifest(made.name, made.namespace, replicas=3, server=ECHO, exposure=exposure))
    return made


@pytest.fixture
def talking(chat) -> Iterator[Traffic]:
    """Clients on every replica of that fleet, which is well."""
    if chat.get()["spec"]["replicas"] != 3:
        chat.scale(3)
    chat.wait_ready()
    chat.wait_served()
    with traffic(chat) as made:
        wait_for(lambda: made.sent > 10, 20, "something to be said")
        yield made


@pytest.fixture
def namespace(namespaces) -> str:
    return namespaces[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    cluster = item.config.stash.get(CLUSTER, None)
    if report.failed and cluster:
        for words in ("get pods -A -o wide", "get realtimeapps -A -o yaml", "get events -A --sort-by=.lastTimestamp"):
            with contextlib.suppress(Exception):
                report.sections.append((words, cluster.kubectl(*words.split())[-6000:]))
    return report
