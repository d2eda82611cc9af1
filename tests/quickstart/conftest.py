"""What the quickstart's tests share: the programs, a copy of the checkout, and a cluster that is somebody else's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.quickstart.checkout import Checkout
from tests.support.cluster import OPERATOR_NAMESPACE, ROOT
from tests.support.foreign import CRD, Foreign
from tests.support.programs import built


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="a cluster needs root"))


@pytest.fixture(scope="session")
def programs() -> dict[str, str]:
    """The release build, shared by all copies, by the variables that name its programs: those that are set already, or
    the checkout's own."""
    found = {}
    for name in ("realtime-operator", "realtime-server"):
        variable = f"{name.replace('-', '_').upper()}_BINARY"
        found[variable] = os.path.abspath(os.environ.get(variable) or built("release", name) / name)
    return found


@pytest.fixture(scope="session")
def foreign(tmp_path_factory) -> Iterator[Foreign]:
    """One for all tests; each leaves it as it was."""
    folder = tmp_path_factory.mktemp("foreign")
    try:
        yield Foreign(folder)
    finally:
        subprocess.run([folder / "hack" / "cluster", "down"], check=True)


@pytest.fixture
def cluster(foreign) -> Iterator[Foreign]:
    """The foreign cluster, and afterwards the assertion that nothing of the test is left in it."""
    yield foreign
    assert foreign.left_over() == set()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory, programs) -> Checkout:
    """A copy that is never given a cluster of its own."""
    return Checkout(tmp_path_factory.mktemp("checkout"), programs)


@pytest.fixture(scope="session")
def admin(tmp_path_factory, foreign) -> dict[str, str]:
    """The shell of the cluster's administrator; the context `somebodys` is no kind cluster's."""
    return foreign.variables(foreign.kubeconfig(tmp_path_factory.mktemp("admin") / "config", "somebodys"))


@pytest.fixture(scope="session")
def kind(tmp_path_factory, foreign) -> dict[str, str]:
    """The same for who takes the cluster for the kind cluster `x`, and has kind: nothing but a yes is missing."""
    folder = tmp_path_factory.mktemp("kind")
    return {**foreign.variables(foreign.kubeconfig(folder / "config", "kind-x")),
            "PATH": foreign.kind(folder / "bin", "x")}


@pytest.fixture
def refuses(checkout, foreign, admin):
    """Calls the quickstart on the foreign cluster and sees that it refuses before it builds or changes anything."""
    def call(*arguments: str, words: tuple[str, ...], **options: str):
        try:
            with foreign.untouched():
                run = checkout.quickstart(*arguments, **options)
            run.refused(*words)
        except AssertionError:
            checkout.quickstart("--down", "--yes", **admin)  # later tests are not to find what it made
            raise
        assert "installing" not in run.progress and "building" not in run.progress, run.progress
        assert checkout.built() == []
        return run
    return call


@pytest.fixture
def cleared(cluster, checkout, admin):
    """Whatever a failed test's quickstart has left is removed."""
    yield
    if cluster.has("configmap", "realtime-operator-quickstart", OPERATOR_NAMESPACE):
        checkout.quickstart("--down", "--yes", **admin)


@pytest.fixture
def crd(cluster):
    """The CRD, made by somebody else; it goes afterwards."""
    cluster.kubectl("apply", "-f", str(ROOT / "crds" / "realtimeoperator.dev_realtimeapps.yaml"))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", f"customresourcedefinition/{CRD}")
    yield
    cluster.delete_crd()


@pytest.fixture
def namespace(cluster):
    """The namespace that the quickstart uses, made by somebody else; it goes afterwards."""
    cluster.kubectl("create", "namespace", OPERATOR_NAMESPACE)
    yield OPERATOR_NAMESPACE
    cluster.kubectl("delete", "namespace", OPERATOR_NAMESPACE)
