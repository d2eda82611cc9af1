"""The life of a local cluster: made, made again, removed; in a copy of the checkout, so nobody else's is touched."""

from __future__ import annotations

import re
import subprocess
from urllib.parse import urljoin

import pytest
import requests

from tests.quickstart.checkout import Checkout
from tests.support.app import App
from tests.support.kubectl import Kubectl
from tests.support.traces import traces

STEPS = ("installing what is missing", "building the operator", "bringing up the local cluster", "building the images",
         "bringing the images to the cluster", "installing the chart",
         "applying examples/flask-socketio/realtimeapp.yaml", "waiting for chat to be Ready", "chat is Ready: 3 replicas")


@pytest.fixture(scope="module")
def copy(tmp_path_factory, operator):
    made = Checkout(tmp_path_factory.mktemp("local"), operator)
    yield made
    subprocess.run([made.folder / "hack" / "cluster", "down"], check=True)


@pytest.fixture(scope="module")
def first(copy):
    return copy.quickstart().succeeded()


@pytest.fixture(scope="module")
def kubectl(copy, first):
    return Kubectl(copy.shell_environment())


def get(url: str) -> str:
    answer = requests.get(url, timeout=10)
    answer.raise_for_status()
    return answer.text


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
        assert "Fleet chat" in get(url)
        assert '"sid"' in get(urljoin(url, "/socket.io/?EIO=4&transport=polling"))


def test_each_step_is_announced_in_its_turn(first):
    lines = [re.sub(r"^\[ *[\d.]+s\] ", "", line) for line in first.progress.splitlines()]
    assert [line for line in lines if not line.startswith(" ")] == list(STEPS)


def test_what_it_suggests_can_be_typed_where_it_was_called(first, copy):
    """All but what takes something away."""
    environment, *commands, _ = first.suggested
    tried = [command for command in commands if command.startswith(("kubectl get", "kubectl describe"))]
    assert len(tried) == 2, first.output
    assert "FleetReady" in copy.type(environment, *tried)


def test_a_second_run_is_quick_and_restarts_no_pod(first, copy, kubectl):
    """As its user types it, in a shell that has the cluster's environment: that is no cluster of somebody else."""
    before = pods(kubectl)
    again = copy.quickstart(KUBECONFIG=str(copy.layout.kubeconfig)).succeeded()
    assert again.seconds < 60
    assert pods(kubectl) == before


def test_the_suggested_down_leaves_nothing(first, copy):
    down = first.suggested[-1]
    assert "--down" in down
    copy.type(down)
    assert traces(copy.layout, copy.made) == []
