"""What the chart's tests share: helm, and a cluster for those that ask an API server."""

import os
import pathlib
import subprocess

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "realtime-operator"


@pytest.fixture(scope="session")
def helm():
    """Runs helm: the one that HELM names, or the pinned one, built if need be."""
    program = os.environ.get("HELM")
    if program is None:
        answer = subprocess.run([REPOSITORY / "hack" / "cluster", "bin", "helm"], stdout=subprocess.PIPE, text=True,
                                check=True)
        program = f"{answer.stdout.strip()}/helm"

    def run(*arguments):
        return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def kubectl():
    """Runs kubectl against the API server that KUBECONFIG names: tests/support/with_api_server starts one."""
    if not os.environ.get("KUBECONFIG"):
        pytest.fail("KUBECONFIG is not set: run these tests by tests/support/with_api_server")

    def run(*arguments, stdin=None):
        return subprocess.run(["kubectl", *arguments], input=stdin, capture_output=True, text=True, check=False)

    return run
