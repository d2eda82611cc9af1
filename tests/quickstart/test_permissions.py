"""Who may not do all of it is told what is missing before anything is done."""

from __future__ import annotations

import pytest

ALL = ("create namespaces", "create customresourcedefinitions.apiextensions.k8s.io",
       "create clusterroles.rbac.authorization.k8s.io", "create clusterrolebindings.rbac.authorization.k8s.io",
       "create deployments.apps", "create configmaps", "create secrets")
OF_NAMESPACES = ALL[4:]  # those that Kubernetes' role `admin` gives in every namespace


@pytest.fixture
def newcomer(foreign, kind, tmp_path):
    """A user without permissions, on a kind cluster with kind on PATH: nothing else is missing."""
    return {**kind, "KUBECONFIG": str(foreign.person(tmp_path / "config", "kind-x", "newcomer"))}


@pytest.fixture
def may_use_namespaces(cluster):
    cluster.kubectl("create", "clusterrolebinding", "newcomer", "--clusterrole=admin", "--user=newcomer")
    yield
    cluster.kubectl("delete", "clusterrolebinding", "newcomer")


def test_without_rights_it_is_refused(refuses, newcomer):
    refuses("--yes", words=("kind-x is not allowed to: ", *ALL, "administrator"), **newcomer)


def test_only_what_is_missing_is_named(refuses, newcomer, may_use_namespaces):
    run = refuses("--yes", words=ALL[:4], **newcomer)
    for right in OF_NAMESPACES:
        assert right not in run.progress
