"""What can be typed where there is no cluster yet."""

import subprocess

import pytest

from tests.quickstart.checkout import Checkout


@pytest.fixture
def copy(tmp_path, operator):
    made = Checkout(tmp_path, operator)
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
    for word in ("--down", "--yes", "--kubeconfig", "--registry", "KUBECONFIG"):
        assert word in run.output
    assert not (copy.folder / "build").exists()


def test_a_registry_is_refused_for_a_local_cluster(copy):
    copy.quickstart("--registry", "registry.example.com/team").refused("KUBECONFIG", "--kubeconfig")
    assert copy.built() == []


def test_an_unknown_flag_is_a_mistake(copy):
    run = copy.quickstart("--upp")
    assert run.code == 2 and "--upp" in run.progress
    assert not (copy.folder / "build").exists()
