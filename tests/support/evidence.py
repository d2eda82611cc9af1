"""What is shown of the cluster when a test fails."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from .cluster import OPERATOR_NAMESPACE
from .kubectl import Kubectl, KubectlError

# What is wanted, how it is, and why.
COMMANDS = (
    "get realtimeapps -A -o custom-columns=NAME:.metadata.name,SPEC:.spec,STATUS:.status",
    "get pods,deployments,statefulsets,persistentvolumeclaims -A",
    "get events -A --sort-by=.lastTimestamp",
    f"logs -n {OPERATOR_NAMESPACE} --all-containers --tail=60 --prefix -l app.kubernetes.io/name=realtime-operator",
    "logs -n default --all-containers --tail=30 --prefix -l app.kubernetes.io/instance=chat",
)
MOST_LINES = 40


def collect(kubectl: Kubectl) -> Iterator[tuple[str, str]]:
    """Title and text of each section, the last lines of each; what cannot be had says why."""
    for command in COMMANDS:
        try:
            text = kubectl(*command.split(), timeout=20)
        except (KubectlError, subprocess.TimeoutExpired) as error:
            text = str(error)
        yield f"kubectl {command}", "\n".join(text.splitlines()[-MOST_LINES:])
