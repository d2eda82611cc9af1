"""The bundled server where only restricted pods are admitted, and what becomes of its clients and its configuration when its
rules are changed."""

from __future__ import annotations

import collections
import contextlib
import json
import threading
import uuid
from collections.abc import Iterator

import pytest
import requests

from tests.support.app import App, is_the_demo_page, manifest
from tests.support.clients import MODES
from tests.support.cluster import example
from tests.support.exactly_once import echoes
from tests.support.kubectl import KubectlError
from tests.support.official.client import OfficialClient, settle, states
from tests.support.official.piped import NodeOpener
from tests.support.official.python import PythonOpener
from tests.support.waiting import Stopwatch, wait_for

EACH = 2  # of each library over each transport
OLD_RULE = [{"type": "Broadcast", "event": "response", "args": [{"echo": "$1"}]}]


@pytest.fixture(scope="module")
def echo(kubectl, figures) -> Iterator[App]:
    """Ready, with the image that the operator takes by itself."""
    namespace = f"e2e-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", namespace)
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    made = example("echo.yaml", namespace=namespace, host="echo.test")
    made["spec"]["drain"] = {"deadline": "15s"}  # a namespace goes no sooner than its pods may end
    app = App(kubectl, made["metadata"]["name"], namespace)
    kubectl.apply(made)
    figures.add("kubectl apply of the bundled server to Ready, three replicas", f"{app.wait_ready():.1f} s")
    app.wait_served()
    yield app
    kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def clients(echo) -> Iterator[list[OfficialClient]]:
    with contextlib.ExitStack() as stack:
        openers = [stack.enter_context(contextlib.closing(library(echo.url))) for library in (NodeOpener, PythonOpener)]
        clients = [opener.open(mode) for opener in openers for mode in MODES for _ in range(EACH)]
        settle(*clients)
        yield clients


def change_rule(app: App, actions: list[dict]) -> None:
    """What is done for `message`."""
    patch = {"spec": {"server": {"namespaces": {"/": {"events": {"message": actions}}}}}}
    app.kubectl("patch", "realtimeapp", app.name, "-n", app.namespace, "--type=merge", "-p", json.dumps(patch))


def configurations(app: App) -> set[str]:
    """The ConfigMaps of the app, which are all its own."""
    return {it["metadata"]["name"] for it in app.kubectl.items("configmaps", "-n", app.namespace)
            if it["metadata"]["name"].startswith(f"{app.name}-server-")}


def visit(url: str) -> None:
    """Somebody new comes, says something, hears it and leaves; whatever is not answered as it should be is an error."""
    session, text = requests.Session(), str(uuid.uuid4())  # it keeps the cookie

    def exchange(target: str, body: str | None = None) -> str:
        answer = session.post(target, data=body, timeout=10) if body else session.get(target, timeout=10)
        assert answer.ok, f"{answer.status_code} {answer.text}"
        return answer.text

    target = f"{url.rstrip('/')}/socket.io/?EIO=4&transport=polling"
    target += f"&sid={json.loads(exchange(target)[1:])['sid']}"
    exchange(target, "40")
    exchange(target, f'42["message","{text}"]')
    wait_for(lambda: text in exchange(target), 10, f"{text} to be echoed", 0)
    exchange(target, "1")


@contextlib.contextmanager
def visitors(url: str) -> Iterator[list[str]]:
    """Come one after the other; the list has what each of them met, empty if all was well."""
    met: list[str] = []
    leave = threading.Event()

    def keep_coming() -> None:
        while not leave.is_set():
            try:
                visit(url)
                met.append("")
            except (AssertionError, requests.RequestException) as error:
                met.append(str(error))

    thread = threading.Thread(target=keep_coming)
    thread.start()
    try:
        yield met
    finally:
        leave.set()
        thread.join()


def test_the_page_is_at_the_url_of_the_status_also_below_a_path(kubectl, namespace):
    app = App(kubectl, "below", namespace)
    kubectl.apply(manifest(app.name, namespace, server={}, redis={"type": "None"}, protocol={"path": "/chat/socket.io/"},
                           exposure={"type": "Ingress", "className": "traefik", "host": "below.test", "paths": ["/chat"]}))
    app.wait_ready()
    app.wait_served()
    assert app.url == "http://below.test/chat"
    assert is_the_demo_page(requests.get(app.url, timeout=10))
    handshake = requests.get(f"{app.url}/socket.io/", params={"EIO": "4", "transport": "polling"}, timeout=10)
    assert handshake.ok and handshake.text.startswith("0{")


def test_what_is_not_restricted_is_not_admitted_beside_it(echo):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "loose", "namespace": echo.namespace},
           "spec": {"containers": [{"name": "any", "image": "any"}]}}
    with pytest.raises(KubectlError) as refused:
        echo.kubectl.apply(pod, arguments=("--dry-run=server",))
    assert 'violates PodSecurity "restricted' in refused.value.output


def test_other_rules_roll_the_fleet_and_everybody_stays_served(echo, clients, figures):
    before, pods = configurations(echo), set(echo.incarnations())
    assert len(before) == 1
    watch = Stopwatch()
    with visitors(echo.url) as met:
        wait_for(lambda: met, 10, "the first visitor")
        change_rule(echo, [*OLD_RULE, {"type": "Acknowledge", "args": ["by the new rule"]}])
        wait_for(lambda: echo.ready() and not pods & all_pods(echo), 180,
                 lambda: f"pods of the new rules in place of {pods & all_pods(echo)}; {states(clients)}", 0.5)
        took = watch.seconds()
    assert not any(met), f"visitors were turned away: {collections.Counter(met)}"
    settle(*clients)
    for number, client in enumerate(clients):
        assert client.call("message", number) == ["by the new rule"]
    wait_for(lambda: all(len(numbers(client)) >= len(clients) for client in clients), 10, lambda: states(clients))
    for client in clients:
        assert sorted(numbers(client)) == list(range(len(clients))), client.state()
    moves = collections.Counter(len(client.disconnects) for client in clients)
    assert set(moves) <= {1, 2, 3}, "as often as there are replicas, at most"
    figures.add("new rules: until the last old pod was gone", f"{took:.1f} s, and {len(met)} visitors meanwhile were all served")
    figures.add("new rules: clients by how often they were moved", dict(moves))


def numbers(client: OfficialClient) -> list[int]:
    """What was said since the rollout; before it there were other words."""
    return [echo for echo in echoes(client) if isinstance(echo, int)]


def all_pods(app: App) -> set[str]:
    """Those that are being deleted, too."""
    return {pod["metadata"]["name"] for pod in app.kubectl.items("pods", "-n", app.namespace)}


def test_a_configuration_goes_with_the_last_replica_set_that_may_start_pods_with_it(echo, kubectl):
    """After the rules were changed there are two."""
    def mounted(template: dict) -> str:
        return next(it["configMap"]["name"] for it in template["spec"]["volumes"] if "configMap" in it)

    wanted = mounted(kubectl.json("get", "deployment", echo.name, "-n", echo.namespace)["spec"]["template"])
    sets = {mounted(it["spec"]["template"]): it["metadata"]["name"] for it in kubectl.items("replicasets", "-n", echo.namespace)}
    assert len(sets) == 2 and configurations(echo) == set(sets)
    for name in sets:
        assert kubectl.json("get", "configmap", name, "-n", echo.namespace)["immutable"] is True
    (old,) = sets.keys() - {wanted}
    kubectl("delete", "replicaset", sets[old], "-n", echo.namespace)
    wait_for(lambda: configurations(echo) == {wanted}, 30, "the old configuration to go")
    kubectl("delete", "configmap", wanted, "-n", echo.namespace)
    wait_for(lambda: configurations(echo) == {wanted}, 30, "what is wanted to come back")


def test_a_wrong_rule_stops_nothing_and_is_named(echo):
    pods = echo.incarnations()
    change_rule(echo, [{"type": "Broadcast", "event": "response", "args": ["$first"]}])
    wait_for(lambda: any(it["reason"] == "InvalidSpec" and "$first" in it["message"]
                         for it in echo.get()["status"]["conditions"]), 30, "the status to name it")
    assert echo.incarnations() == pods
