"""A cluster that is named but cannot be used is an error at once, not a reason to make another one."""

from __future__ import annotations

import pytest

from tests.quickstart.checkout import only

FAST = 20  # seconds; a request to a cluster that is silent takes ten
EMPTY = ""
GARBAGE = "no kubeconfig"
UNREACHABLE = """
apiVersion: v1
kind: Config
clusters: [{name: gone, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: away, context: {cluster: gone, user: me}}]
users: [{name: me, user: {}}]
current-context: away
"""


@pytest.mark.parametrize("how", ["variable", "flag"])
@pytest.mark.parametrize(("text", "words"), [
    (None, ("does not exist", "{way_out}")),
    (EMPTY, ("has no current context", "kubectl config use-context", "{way_out}")),
    (GARBAGE, ("error loading config file",)),
    (UNREACHABLE, ("away", "https://127.0.0.1:1", "does not answer", "{way_out}")),
], ids=["missing", "empty", "garbage", "unreachable"])
def test_it_fails_fast_and_says_why(checkout, foreign, tmp_path, how, text, words):
    file = tmp_path / "config"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    variables = {"PATH": foreign.path, "KUBECACHEDIR": str(tmp_path / "cache")}
    run = checkout.quickstart("--kubeconfig", str(file), **variables) if how == "flag" else (
        checkout.quickstart(KUBECONFIG=str(file), **variables))
    way_out = "unset KUBECONFIG" if how == "variable" else "leave --kubeconfig out"
    run.refused(str(file), *(word.format(way_out=way_out) for word in words))
    assert run.seconds < FAST
    assert checkout.built() == []
    assert "installing" not in run.progress


def test_without_kubectl_a_named_cluster_is_not_used(checkout, foreign, admin, tmp_path):
    with foreign.untouched():
        run = checkout.quickstart("--yes", **{**admin, "PATH": only(tmp_path / "bin")})
    run.refused(admin["KUBECONFIG"], "kubectl", "not on PATH", "unset KUBECONFIG")
    assert checkout.built() == []


def test_down_is_refused_as_well(checkout, foreign, tmp_path):
    run = checkout.quickstart("--down", "--yes", KUBECONFIG=str(tmp_path / "nowhere"), PATH=foreign.path)
    run.refused("does not exist")
