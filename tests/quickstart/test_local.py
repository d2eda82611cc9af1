"""The life of a local cluster: made, made again, removed; in a copy of the checkout, so nobody else's is touched."""

from __future__ import annotations

import re
import subprocess
from urllib.parse import urljoin

import pytest
import requests

from tests.quickstart.checkout import Checkout
from tests.support.app import App, is_the_demo_page
from tests.support.kubectl import Kubectl
from tests.support.traces import traces
from tests.support.waiting import wait_for

STEPS = ("installing what is missing", "building the operator and the server", "bringing up the local cluster", "building the images",
         "bringing the images to the cluster", "installing the chart",
         "applying examples/echo.yaml", "waiting for chat to be Ready", "chat is Ready: 3 replicas")


@pytest.fixture(scope="module")
def copy(tmp_path_factory, programs):
    made = Checkout(tmp_path_factory.mktemp("local"), programs)
    yield made
    subprocess.run([made.folder / "hack" / "cluster", "down"], check=True)


@pytest.fixture(scope="module")
def first(copy):
    return copy.quickstart().succeeded()


@pytest.fixture(scope="module")
def kubectl(copy, first):
    return Kubectl(copy.shell_environment())


def pods(kubectl: Kubectl) -> dict[str, tuple[str, int]]:
    """Of every pod in the cluster, which it is and how often its containers were started."""
    return {pod["metadata"]["name"]: (pod["metadata"]["uid"],
                                      sum(it["restartCount"] for it in pod["status"]["containerStatuses"]))
            for pod in kubectl.items("pods", "--all-namespaces")}


def test_the_first_run_ends_with_a_ready_app_of_three_replicas(first, kubectl):
    chat = App(kubectl, "chat", "default")
    assert chat.ready()
    assert chat.get()["status"]["readyReplicas"] == 3


def test_both_printed_urls_lead_to_the_app(first):
    urls = re.findall(r"^ {2}(?:Open|or) +(http\S+)", first.output, re.MULTILINE)
    assert len(urls) == 2, first.output
    for url in urls:
        assert is_the_demo_page(requests.get(url, timeout=10))
        assert '"sid"' in requests.get(urljoin(url, "/socket.io/?EIO=4&transport=polling"), timeout=10).text


def test_each_step_is_announced_in_its_turn(first):
    lines = [re.sub(r"^\[ *[\d.]+s\] ", "", line) for line in first.progress.splitlines()]
    assert [line for line in lines if not line.startswith(" ")] == list(STEPS)


def test_what_it_suggests_can_be_typed_where_it_was_called(first, copy):
    """All but what takes something away."""
    environment, *commands, _ = first.suggested
    tried = [command for command in commands if command.startswith(("kubectl get", "kubectl describe"))]
    assert len(tried) == 2, first.output
    assert "AppReady" in copy.type(environment, *tried)


def test_a_second_run_is_quick_and_restarts_no_pod(first, copy, kubectl):
    """As its user types it, in a shell that has the cluster's environment: that is no cluster of somebody else."""
    before = pods(kubectl)
    again = copy.quickstart(KUBECONFIG=str(copy.layout.kubeconfig)).succeeded()
    assert again.seconds < 60
    assert pods(kubectl) == before


def test_the_other_example_takes_its_place(first, copy, kubectl):
    """The same RealtimeApp, now an image of one's own: its pods are replaced one by one, and Redis stays."""
    redis = pods(kubectl)["chat-redis-0"]
    run = copy.quickstart("--example", "flask-socketio").succeeded()
    run.said("applying examples/flask-socketio/realtimeapp.yaml", "chat is Ready: 3 replicas")
    chat = App(kubectl, "chat", "default")
    # The ingress takes a moment to notice that the last of the old replicas has left.
    wait_for(lambda: "Fleet chat" in requests.get(chat.url, timeout=10).text, 30, "the other example's page", 0.5)
    assert {it["spec"]["containers"][0]["name"] for it in chat.pods()} == {"app"}
    assert pods(kubectl)["chat-redis-0"] == redis


def test_the_suggested_down_leaves_nothing(first, copy):
    down = first.suggested[-1]
    assert "--down" in down
    copy.type(down)
    assert traces(copy.layout, copy.made) == []
