"""An app is lost with its namespace and restored from a backup, in whatever order: its password, its volume and its data are the
same, and pods that are kept do not restart."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.platform.backup import CREDENTIALS, Backup, children, name_of, reserve, restore, set_reclaim_policy, volume_of
from tests.support.app import App, is_ready, manifest
from tests.support.kubectl import KubectlError
from tests.support.long_run import choose
from tests.support.waiting import Stopwatch, wait_for

REPLICAS = 2
PODS = REPLICAS + 1
KEY = "written-before-the-backup"
REDIS = {"provisioned": {"persistence": "AppendOnly", "storage": "64Mi", "retention": "Retain"}}


def ask(app: App, *command: str) -> object:
    """What its Redis answers to whoever has the password of its Secret; nothing while it does not."""
    with contextlib.suppress(RedisError, KubectlError), Redis.from_url(
            app.redis_url(), decode_responses=True, socket_connect_timeout=2, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as redis:
        return redis.execute_command(*command)
    return None


def app_first(app: App, backup: Backup) -> None:
    """The worst case: it is Ready with a password of its own before the Secret comes, which then has to win."""
    restore(app.kubectl, backup.app)
    app.wait_ready()
    assert app.secret("password") != backup.password
    wait_for(lambda: ask(app, "GET", KEY) == app.namespace, 20, "the data of the volume", 0.3)
    restore(app.kubectl, *backup.data, *backup.rest)


def app_last(app: App, backup: Backup) -> None:
    """Its pods run before it is there, and continue."""
    restore(app.kubectl, *backup.data, *backup.rest)
    wait_for(lambda: sum(map(is_ready, app.pods(redis=True))) == PODS, 90, "the pods to run without their app", 0.3)
    before = app.incarnations(redis=True)
    restore(app.kubectl, backup.app)
    app.wait_ready(60)
    assert app.incarnations(redis=True) == before


def app_between(app: App, backup: Backup) -> None:
    """The operator makes what makes pods, while the backup's comes too."""
    restore(app.kubectl, *backup.data)
    restore(app.kubectl, backup.app)
    restore(app.kubectl, *backup.rest)


# The one whose pods have to live on is for every run.
ORDERS: dict[str, Callable[[App, Backup], None]] = {
    "app-last": app_last, **choose({}, {"app-first": app_first, "app-between": app_between})}
KEPT = "kept"  # the app of which only the RealtimeApp goes


@pytest.fixture(scope="module")
def apps(operator, kubectl, module_namespaces) -> dict[str, App]:
    """One for each order, and the one that is kept; their Redis knows something."""
    made = {name: App(kubectl, "chat", namespace) for name, namespace in zip((*ORDERS, KEPT), module_namespaces)}
    exposure = {"type": "Ingress", "className": "traefik"}
    kubectl.apply(*(manifest(app.name, app.namespace, replicas=REPLICAS, server={}, redis=REDIS,
                             exposure={**exposure, "host": f"{name}.test"}) for name, app in made.items()))
    for app in made.values():
        app.wait_ready(180)
    for app in made.values():
        wait_for(lambda app=app: ask(app, "SET", KEY, app.namespace), 20, "Redis to answer", 0.3)
    return made


@pytest.fixture(scope="module")
def backups(apps, kubectl, figures) -> Iterator[dict[str, Backup]]:
    """Of each app. But for the one that is kept, what they are of is gone, and their namespaces are there again, empty."""
    made = {name: Backup.of(app) for name, app in apps.items()}
    lost = [apps[name].namespace for name in ORDERS]
    for name in ORDERS:
        set_reclaim_policy(kubectl, made[name].volume, "Retain")
    watch = Stopwatch()
    kubectl("delete", "namespace", *lost, "--timeout=150s", timeout=160)
    figures.add(f"{len(lost)} namespaces with an app deleted in", f"{watch.seconds():.1f} s")
    for name in ORDERS:
        reserve(kubectl, made[name].volume)
    for namespace in lost:
        kubectl("create", "namespace", namespace)
    yield made
    for name in ORDERS:
        set_reclaim_policy(kubectl, made[name].volume, "Delete")


def is_as_before(app: App, backup: Backup) -> bool:
    """Whether it is Ready, with pods that all have the backup's password."""
    pods = app.pods(redis=True)
    return len(pods) == PODS and app.ready() and all(
        is_ready(pod) and pod["metadata"]["annotations"].get(CREDENTIALS) == backup.digest for pod in pods)


def not_its_own(app: App) -> set[str]:
    """Children that the RealtimeApp does not control, but for the claim of its volume, which the StatefulSet makes."""
    uid = app.get()["metadata"]["uid"]
    return {name_of(child) for child in children(app) if child["kind"] != "PersistentVolumeClaim"
            and [it["uid"] for it in child["metadata"].get("ownerReferences", []) if it.get("controller")] != [uid]}


def assert_restored(app: App, backup: Backup) -> None:
    assert app.secret("password") == backup.password
    assert volume_of(app) == backup.volume
    wait_for(lambda: ask(app, "GET", KEY) == app.namespace, 20, "the data of the volume", 0.3)
    wait_for(lambda: not not_its_own(app), 20, lambda: f"{not_its_own(app)} to be adopted", 0.3)
    assert {name_of(child) for child in children(app)} == backup.names()


@pytest.mark.parametrize("order", ORDERS)
def test_a_restored_app_has_its_password_its_volume_and_its_data(apps, backups, figures, order):
    app, backup = apps[order], backups[order]
    watch = Stopwatch()
    ORDERS[order](app, backup)
    wait_for(lambda: is_as_before(app, backup), 150, lambda: f"it to be as before: {app.get().get('status')}", 0.3)
    figures.add(f"restored, {order.replace('-', ' ')}: as before after", f"{watch.seconds():.1f} s")
    assert_restored(app, backup)


def test_an_app_that_lost_nothing_but_itself_restarts_no_pod(apps, backups, figures):
    app, backup = apps[KEPT], backups[KEPT]
    uids = {name_of(child): child["metadata"]["uid"] for child in children(app)}
    before = app.incarnations(redis=True)
    app.kubectl("delete", "realtimeapp", app.name, "-n", app.namespace, "--cascade=orphan", "--timeout=60s")
    assert not [name_of(child) for child in children(app) if "ownerReferences" in child["metadata"]]
    watch = Stopwatch()
    restore(app.kubectl, backup.app)
    app.wait_ready(60)
    figures.add("restored with its pods kept: Ready after", f"{watch.seconds():.1f} s")
    assert_restored(app, backup)
    assert app.incarnations(redis=True) == before
    assert {name_of(child): child["metadata"]["uid"] for child in children(app)} == uids
