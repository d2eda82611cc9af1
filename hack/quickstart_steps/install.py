"""Installs the chart and waits until the operator runs."""

from __future__ import annotations

import time

from localcluster import binaries
from localcluster.progress import Failure, say

from . import record
from .shell import REPOSITORY, Shell
from .target import Target

CHART = REPOSITORY / "charts" / "realtime-operator"
PATIENCE = 120.0
HOPELESS = ("CrashLoopBackOff", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
            "CreateContainerConfigError", "CreateContainerError", "RunContainerError")


def helm(shell: Shell) -> str:
    """The helm on PATH, or the one that is built from its pinned module."""
    return "helm" if shell.has("helm") else str(binaries.ensure("helm", binaries.go_program()) / "helm")


def _clear_interrupted(shell: Shell, program: str) -> None:
    """A run that was killed while helm worked leaves a release that helm treats as in progress for ever."""
    status = shell.json([program, "status", record.RELEASE, "--namespace", record.NAMESPACE])
    if status.get("info", {}).get("status", "").startswith("pending"):
        say("  an earlier installation was interrupted: starting over")
        shell.run([program, "uninstall", record.RELEASE, "--namespace", record.NAMESPACE, "--wait"])


def operator(target: Target, references: dict[str, str], make_crd: bool) -> None:
    """Installs or upgrades the release and follows its rollout."""
    shell, program = target.shell, helm(target.shell)
    repository, _, tag = references["realtime-operator"].rpartition(":")
    _clear_interrupted(shell, program)
    shell.run([program, "upgrade", "--install", record.RELEASE, CHART, "--namespace", record.NAMESPACE,
               "--reset-values", "--set-string", f"image.repository={repository},image.tag={tag}",
               "--set-string", f"redis.image={references['redis']}",
               "--set-string", f"server.image={references['realtime-server']}",
               "--set", f"crds.enabled={'true' if make_crd else 'false'}"])
    _follow(shell)


def _pods(shell: Shell) -> list[dict]:
    """The operator's pods, but for those that are on their way out."""
    pods = shell.json(["kubectl", "--namespace", record.NAMESPACE, "get", "pods", "--selector",
                       f"app.kubernetes.io/instance={record.RELEASE}"]).get("items", [])
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]
            and pod.get("status", {}).get("phase") != "Succeeded"]


def _problem(pods: list[dict]) -> str:
    """Why a container does not run, in the kubelet's words; empty while nothing is wrong."""
    for pod in pods:
        for status in pod.get("status", {}).get("containerStatuses", []):
            waiting = status.get("state", {}).get("waiting", {})
            if waiting.get("reason", "") in HOPELESS:
                return f"{waiting['reason']}: {waiting.get('message', '')}"
    return ""


def _is_rolled_out(deployment: dict) -> bool:
    status, wanted = deployment.get("status", {}), deployment.get("spec", {}).get("replicas", 1)
    return (status.get("observedGeneration") == deployment.get("metadata", {}).get("generation")
            and status.get("updatedReplicas", 0) == status.get("availableReplicas", 0) == wanted
            and status.get("replicas", 0) == wanted)


def _follow(shell: Shell) -> None:
    """Until the new operator is available; what cannot end well ends at once, with the operator's own words."""
    shown, deadline, hopeless_since = "", time.monotonic() + PATIENCE, None
    while time.monotonic() < deadline:
        if _is_rolled_out(shell.json(["kubectl", "--namespace", record.NAMESPACE, "get", "deployment", record.RELEASE])):
            return
        pods = _pods(shell)
        problem = _problem(pods)
        line = problem or ", ".join(sorted(f"pod {pod.get('status', {}).get('phase', '').lower()}" for pod in pods))
        if line and line != shown:
            say(f"  operator: {line}")
            shown = line
        hopeless_since = (hopeless_since or time.monotonic()) if problem else None
        if hopeless_since and time.monotonic() - hopeless_since > 10:
            break
        time.sleep(1)
    logs = ["kubectl", "--namespace", record.NAMESPACE, "logs", f"deployment/{record.RELEASE}", "--tail=15"]
    words = shell.output(logs, check=False) or shell.output([*logs, "--previous"], check=False)
    raise Failure(f"the operator does not become ready ({shown or 'no pod was created'}).\n"
                  f"  The end of its log:\n{words or '    (none)'}\n"
                  f"  Look at: kubectl --namespace {record.NAMESPACE} describe pods")
