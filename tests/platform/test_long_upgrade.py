"""An upgrade from the operator of commit 2b1a017 restarts nothing. That operator is built from its sources, which takes minutes;
tests/integration/upgrade_test.cpp is the short form."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.platform.own_image import SERVING
from tests.platform.release import Release, build_images
from tests.platform.traffic import ECHO
from tests.support.app import App, manifest
from tests.support.cluster import ROOT
from tests.support.waiting import Stopwatch, wait_for

COMMIT = "2b1a017"
SOURCES = ROOT / "build" / COMMIT  # stays, so that the next run has little to build


@pytest.fixture
def older(cluster, images) -> Release:
    """The release of that commit, not installed yet; the fixture `release` removes what is left of either."""
    SOURCES.mkdir(parents=True, exist_ok=True)
    files = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", SOURCES], input=files, check=True)
    made = build_images(SOURCES, "realtime-operator", "realtime-server")
    cluster.cluster("load", *(tar for _, tar in made.values()))
    references = {name: reference for name, (reference, _) in {**images, **made}.items()}
    return Release(cluster, references, SOURCES / "charts" / "realtime-operator")


@pytest.fixture
def apps(older, kubectl, namespace, busybox) -> list[App]:
    """One on the bundled server and one with its own image, each with a Redis, Ready by the older operator."""
    older.install()
    older.wait_led()
    kept = {"provisioned": {"persistence": "AppendOnly", "storage": "64Mi"}}
    exposure = {"type": "Ingress", "className": "traefik", "host": "older.test"}
    kubectl.apply(manifest("chat", namespace, replicas=2, server=ECHO, exposure=exposure),
                  manifest("own", namespace, replicas=2, app={"image": busybox, "command": SERVING}, redis=kept))
    made = [App(kubectl, name, namespace) for name in ("chat", "own")]
    for app in made:
        app.wait_ready(180)
    return made


def reason(app: App) -> str:
    return next(it["reason"] for it in app.get()["status"]["conditions"] if it["type"] == "Ready")


def test_an_upgrade_from_an_older_commit_restarts_nothing(release, apps, figures):
    before = {app.name: app.incarnations(redis=True) for app in apps}
    assert {app.name: len(before[app.name]) for app in apps} == {"chat": 3, "own": 3}
    assert {reason(app) for app in apps} == {"FleetReady"}
    watch = Stopwatch()
    release.install()
    release.wait_led()
    for app in apps:  # the older operator has another word for it
        wait_for(lambda app=app: reason(app) == "AppReady" and app.ready(), 90,
                 lambda app=app: f"today's operator to say Ready: {json.dumps(app.get()['status'])}", 0.3)
    figures.add(f"upgrade from {COMMIT}: Ready by today's operator after", f"{watch.seconds():.1f} s")
    assert {app.name: app.incarnations(redis=True) for app in apps} == before
    for app in apps:
        app.scale(3)
        app.wait_ready()
        after = app.incarnations(redis=True)
        assert {pod: after[pod] for pod in before[app.name]} == before[app.name]
