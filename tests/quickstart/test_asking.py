"""Somebody's cluster is changed only after a yes."""

from __future__ import annotations

import pytest

from tests.support.foreign import CRD
from tests.support.cluster import OPERATOR_NAMESPACE


def test_without_a_terminal_it_takes_no_silence_for_a_yes(cluster, refuses, kind):
    refuses(words=("kind-x", cluster.server, "--yes"), **kind)


@pytest.mark.parametrize("answer", ["n", ""])
def test_anything_but_yes_is_a_no(cluster, refuses, kind, answer):
    run = refuses(answer=answer, words=("nothing was changed",), **kind)
    run.said("kind-x", cluster.server, "kind cluster x", OPERATOR_NAMESPACE, CRD, "default/chat", "[y/N]")


def test_down_where_nothing_was_made_asks_nothing(foreign, checkout, admin):
    with foreign.untouched():
        run = checkout.quickstart("--down", **admin).succeeded()
    run.said("somebodys", foreign.server, "nothing to remove")
