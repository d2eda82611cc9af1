"""Faults, each with clients that keep talking: the operator may be gone, the control plane may be gone, the fleet serves; and
all is as it should be again when they are back. In the long run each comes again and again, for about an hour."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

import pytest

from tests.platform.traffic import Prober
from tests.support.app import App, manifest
from tests.support.kubectl import KubectlError
from tests.support.long_run import choose
from tests.support.traces import Processes
from tests.support.waiting import Stopwatch, wait_for

KILLED = 17.0
STOPPED = 2.0
ROUNDS = choose(None, range(13))  # None: the tests keep their names


@pytest.fixture(scope="module", autouse=True, params=ROUNDS)
def every_round():
    """All faults in their order, and then all again: the scope is why pytest does not repeat each by itself."""


@pytest.fixture
def unchanged(chat, talking):
    """No pod of the app restarts or is replaced."""
    before = chat.incarnations()
    yield
    assert chat.incarnations() == before


def kill_container(cluster, pod: dict) -> None:
    """SIGKILL, of which the process hears nothing."""
    socket = cluster.layout.node(int(pod["spec"]["nodeName"].removeprefix("node"))).containerd_socket
    (status,) = pod["status"]["containerStatuses"]
    container = status["containerID"].removeprefix("containerd://")
    ctr = [cluster.program("ctr"), "-a", socket, "-n", "k8s.io", "tasks", "kill", "-s", "SIGKILL", container]
    subprocess.run(ctr, check=True)


def disturb(chat: App) -> None:
    """Changes a field that the operator sets, of a child that no client needs."""
    patch = '[{"op": "replace", "path": "/spec/maxUnavailable", "value": 3}]'
    chat.kubectl("patch", "poddisruptionbudget", chat.name, "-n", chat.namespace, "--type=json", "-p", patch)


def wait_repaired(chat: App) -> None:
    budget = ("get", "poddisruptionbudget", chat.name, "-n", chat.namespace)
    wait_for(lambda: chat.kubectl.json(*budget)["spec"]["maxUnavailable"] == 1, 60, "the operator to repair it", 0.1)


def assert_works(chat: App) -> None:
    """The operator restores what is changed."""
    disturb(chat)
    wait_repaired(chat)


@contextlib.contextmanager
def no_operator(operator) -> Iterator[None]:
    def pods():
        return operator.kubectl.items("pods", "-n", operator.namespace, "-l", "app.kubernetes.io/name=realtime-operator")

    operator.kubectl("scale", "deployment", operator.name, "-n", operator.namespace, "--replicas=0")
    wait_for(lambda: not pods(), 60, "the operator to be gone", 0.2)
    yield
    operator.kubectl("scale", "deployment", operator.name, "-n", operator.namespace, "--replicas=2")
    operator.kubectl("rollout", "status", f"deployment/{operator.name}", "-n", operator.namespace, "--timeout=60s")
    operator.wait_led()


def test_the_leader_is_killed(cluster, operator, chat, talking, unchanged, figures):
    leader = operator.wait_led()
    pod = operator.kubectl.json("get", "pod", leader, "-n", operator.namespace)
    watch = Stopwatch()
    kill_container(cluster, pod)
    wait_for(lambda: operator.leader() not in ("", leader), KILLED, "the other instance to lead", 0.1)
    figures.add("leader killed: the other leads after", f"{watch.seconds():.1f} s")
    assert_works(chat)
    figures.add("leader killed: deliveries, each once", talking.assert_undisturbed())


def test_the_leader_is_stopped(operator, chat, talking, unchanged, figures):
    leader = operator.wait_led()
    lease = ("get", "lease", operator.name, "-n", operator.namespace, "-o", "jsonpath={.spec.holderIdentity}{'\\n'}")
    operator.kubectl("delete", "pod", leader, "-n", operator.namespace, "--wait=false")
    watch = Stopwatch()
    wait_for(lambda: operator.kubectl(*lease).partition("_")[0] not in ("", leader), STOPPED + 1, "the other instance to lead", 0.02)
    took = watch.seconds()
    figures.add("leader stopped: the other leads after", f"{took:.1f} s")
    assert took <= STOPPED
    assert_works(chat)
    talking.assert_undisturbed()


def test_the_operator_is_gone_before_a_replica(operator, chat, talking, figures):
    before = chat.incarnations()
    victim = talking.clients[-1].replica
    staying = [client for client in talking.clients if client.replica != victim]
    with no_operator(operator):
        chat.kill_pod(victim)
        wait_for(lambda: len(chat.replicas()) == 3, 60, "Kubernetes to replace the replica", 0.2)
    chat.wait_ready()
    arrived = talking.assert_recovered()
    figures.add("replica killed while the operator is gone: delivered", f"{100 * arrived:.1f} %")
    assert not any(client.disconnects for client in staying if client is not talking.clients[0])
    after = chat.incarnations()
    assert {pod: after.get(pod) for pod in before if pod != victim} == {pod: it for pod, it in before.items() if pod != victim}


@pytest.mark.parametrize("process", ["kube-apiserver", "etcd"])
def test_the_control_plane_restarts(cluster, operator, chat, talking, unchanged, figures, process):
    processes = Processes(cluster.layout.data)
    watch = Stopwatch()
    processes.stop(process, patience=0)
    cluster.cluster("up", "--nodes=2", "--network-policies")
    figures.add(f"{process} killed and started: it answers after", f"{watch.seconds():.1f} s")
    wait_for(lambda: quietly(operator.leader), 60, "an instance to lead", 0.3)
    assert_works(chat)
    figures.add(f"{process} killed and started: a change is carried out after", f"{watch.seconds():.1f} s")
    talking.assert_undisturbed()


def quietly(question):
    try:
        return question()
    except KubectlError:
        return None


UNSEEN = ["service/chat-headless", "serviceaccount/chat", "poddisruptionbudget/chat", "service/chat-redis"]


@pytest.mark.parametrize("child", UNSEEN)
def test_a_child_is_deleted_that_no_client_needs(chat, talking, unchanged, child):
    before = uid(chat, child)
    chat.kubectl("delete", child, "-n", chat.namespace)
    wait_for(lambda: uid(chat, child) not in ("", before), 10, f"{child} to be created again", 0.1)
    chat.wait_ready()
    arrived = talking.assert_recovered()
    assert arrived > 0.9
    assert not any(client.disconnects for client in talking.clients)


@pytest.mark.parametrize("child", ["service/chat", "ingress/chat", "statefulset/chat-redis", "secret/chat-redis", "configmap", "deployment/chat"])
def test_a_child_is_deleted(chat, talking, figures, child):
    if child == "configmap":
        (found,) = chat.kubectl.items("configmaps", "-n", chat.namespace, "-l", "app.kubernetes.io/instance=chat")
        child = f"configmap/{found['metadata']['name']}"
    before, replicas = uid(chat, child), chat.replicas()
    watch = Stopwatch()
    chat.kubectl("delete", child, "-n", chat.namespace)
    wait_for(lambda: uid(chat, child) not in ("", before), 20, f"{child} to be created again", 0.1)
    figures.add(f"{child.partition('/')[0]} deleted: created again after", f"{watch.seconds():.1f} s")
    if child.startswith(("secret", "deployment")):  # all replicas are replaced
        wait_for(lambda: not replicas & chat.replicas(), 120, "every replica to be another", 0.3)
    chat.wait_ready()
    arrived = talking.assert_recovered()
    figures.add(f"{child.partition('/')[0]} deleted: delivered", f"{100 * arrived:.1f} %")


def uid(chat: App, child: str) -> str:
    return chat.kubectl("get", child, "-n", chat.namespace, "--ignore-not-found", "-o", "jsonpath={.metadata.uid}")


def test_a_node_is_drained(cluster, operator, chat, talking, figures):
    kubectl, node = chat.kubectl, "node2"
    (ingress,) = kubectl.items("pods", "-n", "traefik")
    if ingress["spec"]["nodeName"] == node:
        node = "node1"
    assert any(pod["spec"]["nodeName"] == node for pod in chat.pods())
    watch = Stopwatch()
    try:
        counts = ("deployment", chat.name, "-n", chat.namespace, "-o", "jsonpath={.status.readyReplicas}{'\\n'}")
        with Prober(chat.url) as prober, kubectl.watch(*counts) as ready:
            kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=240s", timeout=250)
            figures.add("node drained in", f"{watch.seconds():.1f} s")
            chat.wait_ready()
            arrived = talking.assert_recovered()
        assert not [pod for pod in chat.pods() if pod["spec"]["nodeName"] == node]
        assert ready and all(int(count or 0) >= 2 for count in ready), f"the budget lets one replica go at a time: {ready}"
        assert not prober.failures, f"{len(prober.failures)} of {prober.tried}: {prober.failures[:3]}"
        figures.add("node drained: handshakes meanwhile, all answered", prober.tried)
        figures.add("node drained: delivered", f"{100 * arrived:.1f} %")
        figures.add("node drained: a client is cut at most", max(len(client.disconnects) for client in talking.clients))
        assert operator.leader()
    finally:
        kubectl("uncordon", node)


def test_a_namespace_is_deleted_while_the_operator_is_down(operator, kubectl, namespace, chat, talking, unchanged, figures):
    apps = [App(kubectl, name, namespace) for name in ("one", "two")]
    for app in apps:
        kubectl.apply(manifest(app.name, namespace, server={}))
    for app in apps:
        app.wait_ready()
    with no_operator(operator):
        watch = Stopwatch()
        kubectl("delete", "namespace", namespace, "--timeout=120s", timeout=130)
        figures.add("namespace with two apps deleted while the operator is down, in", f"{watch.seconds():.1f} s")
    talking.assert_undisturbed()


def test_permissions_are_taken_away_and_given_back(operator, chat, talking, unchanged, figures):
    kubectl = operator.kubectl
    binding = kubectl.json("get", "clusterrolebinding", operator.name)
    kubectl("delete", "clusterrolebinding", operator.name)
    try:
        denied = f"--as={operator.user}"
        wait_for(lambda: quietly(lambda: kubectl("auth", "can-i", "patch", "deployments.apps", denied)) is None, 10, "the permissions to be gone", 0.1)
        disturb(chat)
        logs = ("logs", "-n", operator.namespace, "--all-containers", "--tail=400", "-l", "app.kubernetes.io/name=realtime-operator")
        wait_for(lambda: "cannot patch resource" in kubectl(*logs), 20, lambda: f"the operator to say what it may not: {kubectl(*logs)[-3000:]}", 0.3)
        # One that starts now may not even look.
        kubectl("delete", "pod", "-n", operator.namespace, "-l", "app.kubernetes.io/name=realtime-operator")
        wait_for(lambda: "cannot list resource" in (quietly(lambda: kubectl(*logs)) or ""), 30, "new instances to say what they may not", 0.3)
    finally:
        made = {**binding, "metadata": {"name": operator.name, "labels": binding["metadata"]["labels"],
                                        "annotations": binding["metadata"].get("annotations", {})}}
        kubectl.apply(made)
    watch = Stopwatch()
    operator.wait_led()
    wait_repaired(chat)
    figures.add("permissions given back: repaired after", f"{watch.seconds():.1f} s")
    talking.assert_undisturbed()
    assert operator.leader()
