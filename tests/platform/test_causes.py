"""What only the cluster can know of a manifest becomes a condition with a reason and a message, and an Event; other apps, and
other replicas, continue. What kstatus and Argo CD make of it."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import json
import subprocess

import pytest

from tests.platform.own_image import SERVING
from tests.support.app import App, manifest
from tests.support.cluster import ROOT
from tests.support.kubectl import Kubectl
from tests.support.waiting import Stopwatch, wait_for

PATIENCE = 30.0
EXPOSED = {"type": "Ingress", "className": "traefik"}


@dataclasses.dataclass(frozen=True)
class Case:
    """A manifest that is taken and cannot work."""

    spec: dict
    reason: str
    words: str
    lasting: bool = True
    condition: str = "Ready"
    before: tuple[dict, ...] = ()  # what is there already


def own(image: str, *command: str, **fields: object) -> dict:
    return {"app": {"image": image, **({"command": list(command)} if command else {}), **fields}, "redis": {"type": "None"}}


def secret(name: str, **data: str) -> dict:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def key_of(name: str, key: str) -> list[dict]:
    return [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}]


def cases(busybox: str) -> dict[str, Case]:
    return {
        "image": Case(own("localhost:9/team/chat:1"), "ImagePullFailed", 'cannot pull image "localhost:9/team/chat:1"'),
        "image-name": Case(own("Not-A-Name"), "ImagePullFailed", "not a valid image name: correct it"),
        "server-image": Case({"server": {"image": "localhost:9/server:1"}, "redis": {"type": "None"}}, "ImagePullFailed",
                             "the registry refuses connections, or the image's name lacks the registry's host"),
        "secret": Case(own(busybox, env=key_of("nowhere", "token")), "ReferenceNotFound", 'secret "nowhere" not found'),
        "key": Case(own(busybox, env=key_of("tokens", "other")), "ReferenceNotFound", "couldn't find key other in Secret",
                    before=(secret("tokens", token="t"),)),
        "config-map": Case(own(busybox, envFrom=[{"configMapRef": {"name": "nowhere"}}]), "ReferenceNotFound",
                           'configmap "nowhere" not found'),
        "command": Case(own(busybox, "serve-the-app"), "ContainerRefused", "correct command, args or the image"),
        "crash": Case(own(busybox, "sh", "-c", "echo token hunter2; echo ModuleNotFoundError: No module named x; exit 3"),
                      "ContainerCrashing", "exited with code 3: a Python module is missing in the image"),
        "ends": Case(own(busybox, "true"), "ContainerCrashing", "exited with code 0"),
        "memory": Case(own(busybox, "tail", "/dev/zero", resources={"limits": {"memory": "24Mi"}}), "OutOfMemory",
                       "increase resources.limits.memory"),
        "cpu": Case(own(busybox, resources={"requests": {"cpu": "1000"}}), "Unschedulable", "Insufficient cpu", lasting=False),
        "volume": Case({"server": {}, "redis": {"provisioned": {"persistence": "AppendOnly", "storageClassName": "nowhere"}}},
                       "VolumePending", "create the app with another storageClassName", lasting=False, condition="RedisReady"),
        "redis-image": Case({"server": {}, "redis": {"provisioned": {"image": "localhost:9/redis:1"}}}, "ImagePullFailed",
                            'pod "redis-image-redis-0" cannot pull image', condition="RedisReady"),
        "class": Case({"server": {}, "redis": {"type": "None"}, "exposure": {"type": "Ingress", "className": "nowhere"}},
                      "IngressClassNotFound", "kubectl get ingressclass", condition="ExposureReady"),
        "host": Case({"server": {}, "redis": {"type": "None"}, "exposure": {**EXPOSED, "host": "taken.test"}}, "HostTaken",
                     'first" already has host taken.test, path /,', condition="ExposureReady"),
        "name": Case({"server": {}, "redis": {"type": "None"}}, "NameTaken", 'Service "name"', before=(
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "name"}, "spec": {"ports": [{"port": 80}]}},)),
        "policy": Case({"server": {}, "redis": {"type": "None"}}, "ChildRefused", "exceeded quota: few-services", before=(
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few-services"},
             "spec": {"hard": {"count/poddisruptionbudgets.policy": "0"}}},)),
        "quota": Case({"server": {}, "replicas": 3, "redis": {"type": "Provisioned"}}, "PodsRefused",
                      "exceeded quota: few-pods", lasting=False, before=(
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few-pods"}, "spec": {"hard": {"pods": "3"}}},)),
        "redis-quota": Case({"server": {}, "redis": {"type": "Provisioned"}}, "PodsRefused", 'pod "redis-quota-redis-0" is refused: exceeded quota: no-pods',
                            lasting=False, condition="RedisReady", before=(
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "no-pods"}, "spec": {"hard": {"pods": "0"}}},)),
        "password": Case({"server": {}, "redis": {"type": "Provisioned"}}, "RedisPasswordMismatch",
                         'Secret "password-redis" contain different passwords', condition="RedisReady"),
    }


NAMES = tuple(cases(""))
COMES_LATER = ("password",)  # what is wrong is done to it later
OWN_NAMESPACE = ("policy", "quota", "redis-quota")  # whose cause would hamper the others


def condition(live: dict, kind: str) -> dict:
    return next((it for it in live.get("status", {}).get("conditions", []) if it["type"] == kind), {})


@pytest.fixture(scope="module")
def fleet(operator, kubectl, busybox, module_namespaces) -> dict[str, App]:
    """Every case at once; the app `first` is older than all of them, and `good` the youngest."""
    shared, *others = module_namespaces
    place = dict(zip(OWN_NAMESPACE, others, strict=False))
    good = {"server": {}, "replicas": 2, "exposure": {**EXPOSED, "host": "good.test"}}
    first = {"server": {}, "redis": {"type": "None"}, "exposure": {**EXPOSED, "host": "taken.test"}}
    kubectl.apply(manifest("first", shared, **first))
    apps = {"first": App(kubectl, "first", shared)}
    created = apps["first"].get()["metadata"]["creationTimestamp"]
    wait_for(lambda: later_than(kubectl, created), 5, "the next second", 0.2)
    manifests = []
    for name, case in cases(busybox).items():
        namespace = place.get(name, shared)
        manifests += [{**it, "metadata": {**it["metadata"], "namespace": namespace}} for it in case.before]
        manifests.append(manifest(name, namespace, **case.spec))
        apps[name] = App(kubectl, name, namespace)
    kubectl.apply(*manifests, manifest("good", shared, **good))
    apps["good"] = App(kubectl, "good", shared)
    mix_up_password(apps["password"])
    return apps


def mix_up_password(app: App) -> None:
    """As somebody does who changes the password in one place of three."""
    secret_name = f"{app.name}-redis"
    wait_for(lambda: app.kubectl("get", "secret", secret_name, "-n", app.namespace, "--ignore-not-found"), 20, "the Secret")
    wait_for(lambda: condition(app.get(), "RedisReady").get("status") == "True", 60, "its Redis", 0.3)
    patch = {"stringData": {"password": "another"}}
    app.kubectl("patch", "secret", secret_name, "-n", app.namespace, "-p", json.dumps(patch))


def later_than(kubectl: Kubectl, timestamp: str) -> bool:
    """Whether the API server's clock is past this second, by an object that it would make now."""
    made = kubectl("create", "namespace", "any", "--dry-run=server", "-o", "jsonpath={.metadata.creationTimestamp}")
    return made > timestamp


def seconds_after_creation(live: dict, timestamp: str) -> float:
    return (datetime.datetime.fromisoformat(timestamp) - datetime.datetime.fromisoformat(live["metadata"]["creationTimestamp"])).total_seconds()


def test_a_bad_manifest_hampers_no_other_app(fleet, figures):
    fleet["good"].wait_ready(60)
    live = fleet["good"].get()
    took = seconds_after_creation(live, condition(live, "Ready")["lastTransitionTime"])
    figures.add(f"Ready alongside {len(NAMES)} bad manifests after", f"{took:.0f} s")
    assert took <= 60


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_is_named(fleet, kubectl, busybox, figures, name):
    app, case = fleet[name], cases(busybox)[name]
    wait_for(lambda: condition(app.get(), case.condition).get("reason") == case.reason, PATIENCE,
             lambda: f"{case.condition} to be {case.reason}: {json.dumps(app.get().get('status', {}).get('conditions'), indent=1)}", 0.3)
    live = app.get()
    found = condition(live, case.condition)
    assert found["status"] == "False"
    assert case.words in found["message"], found["message"]
    assert "hunter2" not in json.dumps(live["status"])
    if case.lasting:
        wait_for(lambda: condition(app.get(), "Stalled").get("status") == "True", 60, "the app to be Stalled", 0.5)
        assert condition(app.get(), "Ready")["message"] == condition(app.get(), "Stalled")["message"]
    else:
        assert condition(live, "Stalled")["status"] == "False"

    def told() -> list[dict]:
        events = kubectl.items("events.events.k8s.io", "-n", app.namespace)
        return [event for event in events if event["regarding"]["name"] == name and event["type"] == "Warning"
                and event["regarding"]["kind"] == "RealtimeApp" and case.words in event["note"]]

    events = wait_for(told, 10, "an Event that tells it", 0.3)
    assert {event["reason"] for event in events} <= {case.reason, "Refused"}
    if name not in COMES_LATER:
        took = seconds_after_creation(live, min(event["eventTime"] for event in events))
        figures.add(f"{name} is named after it was applied after", f"{took:.0f} s")
        assert took <= PATIENCE


def test_kstatus_and_argo_cd_read_it_right(fleet, kubectl, busybox):
    fleet["good"].wait_ready(60)
    wait_for(lambda: condition(fleet["crash"].get(), "Stalled").get("status") == "True", 60, "the crash to last", 0.5)
    found = subprocess.run([ROOT / "hack" / "cluster", "bin", "kstatus"], check=True, stdout=subprocess.PIPE, text=True)
    items = [app.get() for app in fleet.values()]
    said = subprocess.run([f"{found.stdout.strip()}/kstatus"], input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    read = {name: (status, words) for name, status, words in (line.split("\t") for line in said.splitlines())}
    known = cases(busybox)
    for item in items:
        name = item["metadata"]["name"]
        bad = known.get(name)
        wanted = ("Current", "Healthy") if bad is None else ("Failed", "Degraded") if bad.lasting else ("InProgress", "Progressing")
        assert read[name][0] == wanted[0], read[name]
        health, _, words = argo_cd_health(item).partition(" ")
        assert health == wanted[1], f"{name}: {health} {words}"
        if bad:
            assert bad.words in words and bad.words in read[name][1]
    kubectl("scale", "realtimeapp", "first", "-n", fleet["first"].namespace, "--replicas=0")
    fleet["first"].wait_ready(60)
    assert argo_cd_health(fleet["first"].get()).startswith("Suspended ")
    unseen = fleet["good"].get()
    unseen["metadata"]["generation"] += 1
    assert argo_cd_health(unseen).startswith("Progressing ")


def argo_cd_health(live: dict) -> str:
    """What the health check says: Argo CD runs it as a function with the object as the global `obj`, in Lua 5.1."""
    script = (ROOT / "docs" / "argo-cd.lua").read_text(encoding="utf-8")
    program = f"obj = {lua(live)}\nlocal health = (function()\n{script}\nend)()\nio.write(health.status, ' ', health.message)"
    return subprocess.run(["lua5.1", "-"], input=program, check=True, stdout=subprocess.PIPE, text=True).stdout


def lua(value: object) -> str:
    """A JSON value in Lua's own words."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{lua(name)}] = {lua(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(map(lua, value)) + "}"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nil"}[value]
    if isinstance(value, str):
        return '"' + "".join(f"\\{byte:03}" for byte in value.encode()) + '"'
    return str(value)


def test_what_is_fixed_recovers_at_once(fleet, kubectl, busybox, figures):
    """Each by what its message says."""
    where = fleet["secret"].namespace
    for name in ("secret", "key"):
        patch = {"spec": {"app": {"command": SERVING}}}
        kubectl("patch", "realtimeapp", name, "-n", where, "--type=merge", "-p", json.dumps(patch))
    for name, key in (("nowhere", "token"), ("tokens", "other")):
        data = {"data": {key: base64.b64encode(b"t").decode()}}
        made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": where}, **data}
        kubectl.apply(made)
    watch = Stopwatch()
    for name in ("image", "crash", "command", "memory", "cpu", "ends"):
        app = {"image": busybox, "command": SERVING, "resources": None}
        kubectl("patch", "realtimeapp", name, "-n", where, "--type=merge", "-p", json.dumps({"spec": {"app": app}}))
    kubectl("patch", "realtimeapp", "class", "-n", where, "--type=merge", "-p", '{"spec": {"exposure": {"className": "traefik", "host": "class.test"}}}')
    kubectl("patch", "realtimeapp", "redis-image", "-n", where, "--type=merge", "-p", '{"spec": {"redis": {"provisioned": {"image": null}}}}')
    kubectl("delete", "realtimeapp", "first", "-n", where)
    kubectl("delete", "service", "name", "-n", where)
    kubectl("delete", "resourcequota", "few-services", "-n", fleet["policy"].namespace)
    kubectl("delete", "secret", "password-redis", "-n", where)
    fixed = ("image", "crash", "command", "memory", "cpu", "ends", "class", "host", "name", "policy", "secret", "key", "password",
              "redis-image")
    for name in fixed:
        fleet[name].wait_ready(90)
    figures.add(f"{len(fixed)} fixed manifests are Ready after", f"{watch.seconds():.1f} s")
    for name in fixed:
        assert condition(fleet[name].get(), "Stalled")["status"] == "False"
