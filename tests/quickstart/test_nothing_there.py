"""What can be typed where there is no cluster yet."""

import subprocess

import pytest

from tests.quickstart.checkout import Checkout


@pytest.fixture
def copy(tmp_path, programs):
    made = Checkout(tmp_path, programs)
    yield made
    subprocess.run([made.folder / "hack" / "cluster", "down"], check=True)


def test_down_says_that_there_is_nothing(copy):
    for _ in range(2):
        run = copy.quickstart("--down").succeeded()
        run.said("there is no cluster of this checkout")
        assert not (copy.folder / "build").exists()


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_explains_and_does_nothing(copy, flag):
    run = copy.quickstart(flag).succeeded()
    for word in ("--down", "--yes", "--kubeconfig", "--registry", "KUBECONFIG", "--example", "echo", "flask-socketio"):
        assert word in run.output
    assert not (copy.folder / "build").exists()


def test_a_registry_is_refused_for_a_local_cluster(copy):
    copy.quickstart("--registry", "registry.example.com/team").refused("KUBECONFIG", "--kubeconfig")
    assert copy.built() == []


@pytest.mark.parametrize("arguments", [("--upp",), ("--example", "chess")])
def test_an_unknown_flag_or_example_is_a_mistake(copy, arguments):
    run = copy.quickstart(*arguments)
    assert run.code == 2 and arguments[-1] in run.progress
    assert not (copy.folder / "build").exists()
