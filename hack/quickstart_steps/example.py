"""Applies an example and tells the story of its coming up until it is Ready."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import time

from localcluster.progress import Failure, say

from . import record
from .shell import REPOSITORY, Shell

PATIENCE = 300.0


@dataclasses.dataclass(frozen=True)
class Example:
    """A manifest that can be applied as it stands. Both examples are the RealtimeApp `chat`, so one takes the other's
    place."""

    name: str
    manifest: pathlib.Path
    image: str  # by its name in hack/images
    tag: str = ""  # the image as the manifest names it, if it does


EXAMPLES = {it.name: it for it in (
    Example("echo", REPOSITORY / "examples" / "echo.yaml", "realtime-server"),
    Example("flask-socketio", REPOSITORY / "examples" / "flask-socketio" / "realtimeapp.yaml",
            "flask-socketio-example", "localhost/flask-socketio-example:latest"),
)}


def _manifest(example: Example, reference: str, ingress: bool) -> str:
    """The file as it stands, but for what this cluster cannot do, and with the image that was just built: without one,
    an app of the bundled server keeps the image that it was created with."""
    text = example.manifest.read_text(encoding="utf-8")
    if not example.tag:
        text = text.replace("\n  server:\n", f"\n  server:\n    image: {reference}\n", 1)
    elif not reference.startswith("localhost/"):
        text = text.replace(example.tag, reference)
    if not ingress:
        text = re.sub(r"(\n  exposure:\n)(?:    .*\n?)+", r"\1    type: None\n", text)
    return text


def apply(shell: Shell, example: Example, reference: str, ingress: bool) -> None:
    """Applies the example; pods that run an older image under the same name are replaced."""
    before = record.read(shell)
    record.note(shell, app=f"{record.APP_NAMESPACE}/{record.APP}", example=example.name, app_image=reference)
    shell.run(["kubectl", "apply", "--namespace", record.APP_NAMESPACE, "-f", "-"],
              stdin=_manifest(example, reference, ingress))
    same_tag = example.tag and reference.startswith("localhost/") and before.get("example") == example.name
    if same_tag and before["app_image"] != reference:
        say("  the example's image has changed: restarting its pods")
        shell.run(["kubectl", "--namespace", record.APP_NAMESPACE, "rollout", "restart", f"deployment/{record.APP}"])


def read(shell: Shell) -> dict:
    """The RealtimeApp as the cluster has it."""
    return shell.json(["kubectl", "--namespace", record.APP_NAMESPACE, "get", "realtimeapp", record.APP])


def _ready(app: dict) -> dict:
    conditions = app.get("status", {}).get("conditions", [])
    return next((condition for condition in conditions if condition["type"] == "Ready"), {})


def _line(app: dict) -> str:
    ready, status = _ready(app), app.get("status", {})
    if not ready:
        return "the operator has not processed it yet"
    replicas = f"{status.get('readyReplicas', 0)}/{app['spec'].get('replicas', 1)} replicas ready"
    return f"{ready.get('reason', '')}: {ready.get('message', '')} ({replicas})"


def wait(shell: Shell) -> dict:
    """Until Ready is true for the manifest as it is now; says each change."""
    shown, deadline = "", time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        app = read(shell)
        line = _line(app)
        if line != shown:
            say(f"  {record.APP}: {line}")
            shown = line
        generation = app.get("metadata", {}).get("generation")
        current = app.get("status", {}).get("observedGeneration") == generation
        if _ready(app).get("status") == "True" and current:
            return app
        time.sleep(1)
    pods = shell.output(["kubectl", "--namespace", record.APP_NAMESPACE, "get", "pods", "--selector",
                         f"app.kubernetes.io/instance={record.APP}"], check=False)
    raise Failure(f"{record.APP} is not Ready after {PATIENCE:.0f} s: {shown}\n{pods}\n"
                  f"See: kubectl describe realtimeapp {record.APP}\n"
                  f"     kubectl --namespace {record.NAMESPACE} logs deployment/{record.RELEASE}")
