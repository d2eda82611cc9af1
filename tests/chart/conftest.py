"""What the chart's tests share: helm, and a cluster for those that ask an API server."""

import os
import pathlib
import shutil
import subprocess

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "realtime-operator"


@pytest.fixture(scope="session")
def helm():
    """Runs helm: the one HELM names, the one that hack/localcluster built, or the one on PATH."""
    cache = pathlib.Path(os.environ.get("REALTIME_OPERATOR_CACHE", pathlib.Path.home() / ".cache/realtime-operator"))
    built = sorted(cache.glob("bin/helm-*/helm"), key=lambda path: path.stat().st_mtime)
    program = os.environ.get("HELM") or (str(built[-1]) if built else shutil.which("helm"))
    if program is None:
        pytest.fail("no helm: name it in HELM, put it on PATH, or run hack/quickstart once, which builds it")

    def run(*arguments):
        return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def kubectl():
    """Runs kubectl against the cluster that KUBECONFIG names."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip('needs a cluster: eval "$(hack/cluster env)"')

    def run(*arguments, stdin=None):
        return subprocess.run(["kubectl", *arguments], input=stdin, capture_output=True, text=True, check=False)

    return run
