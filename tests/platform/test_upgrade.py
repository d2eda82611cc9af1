"""The operator is upgraded while apps come all the time: each becomes what its manifest says, and no workload restarts."""

from __future__ import annotations

import threading

import pytest

from tests.platform.traffic import ECHO, traffic
from tests.support.app import App, manifest
from tests.support.waiting import Stopwatch

PERIOD = 5.0  # seconds between two new apps
EXPOSED = {"type": "Ingress", "className": "traefik", "host": "upgrade.test"}


class Churn:
    """Makes a new app every five seconds until it is told to stop."""

    def __init__(self, kubectl, namespace: str) -> None:
        self.apps: list[App] = []
        self.problems: list[Exception] = []
        self._kubectl = kubectl
        self._namespace = namespace
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._make, daemon=True)

    def _make(self) -> None:
        while True:
            app = App(self._kubectl, f"new-{len(self.apps)}", self._namespace)
            try:
                self._kubectl.apply(manifest(app.name, app.namespace, server={}, redis={"type": "None"}))
                self.apps.append(app)
            except Exception as problem:  # pylint: disable=broad-except  # the test tells it
                self.problems.append(problem)
            if self._end.wait(PERIOD):
                return

    def __enter__(self) -> Churn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


@pytest.fixture
def chat(release, kubectl, namespaces) -> App:
    release.install()
    release.wait_led()
    made = App(kubectl, "chat", namespaces[0])
    kubectl.apply(manifest(made.name, made.namespace, replicas=3, server=ECHO, exposure=EXPOSED))
    made.wait_ready()
    made.wait_served()
    return made


def test_an_upgrade_under_churn_restarts_nothing(release, chat, kubectl, namespaces, figures):
    with traffic(chat) as talking, Churn(kubectl, namespaces[1]) as churn:
        before = chat.incarnations()
        watch = Stopwatch()
        release.install(podAnnotations={"upgraded": "once"})
        figures.add("helm upgrade under churn took", f"{watch.seconds():.1f} s")
        known = len(churn.apps)
        first = churn.apps[0]
        first.wait_ready()
        uids = {app.name: app.incarnations() for app in churn.apps[:1]}
        release.install(podAnnotations={"upgraded": "twice"})
        release.wait_led()
        assert chat.incarnations() == before
        assert uids[first.name] == first.incarnations()
        figures.add("two upgrades under churn: deliveries, each once", talking.assert_undisturbed())
    assert not churn.problems
    assert len(churn.apps) > known >= 1
    for app in churn.apps:
        app.wait_ready(60)
        assert {restarts for _, restarts in app.incarnations().values()} == {0}
