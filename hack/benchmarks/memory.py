"""What an idle session costs a server in memory. Idle sessions need no core, so all contestants are looked at at the same
time, each transport against a fresh process of its own."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from .generator import Broken, Holder
from .kernel_memory import KernelMemory
from .settings import Settings

if TYPE_CHECKING:
    from .server import Serving

SETTLE_SECONDS = 2


class _Held:
    """A server's process and its open sessions."""

    def __init__(self, serving: Serving, transport: str, core: int, connections: int) -> None:
        self.serving, self.transport, self.connections = serving, transport, connections
        self.base = serving.process.memory()
        self.kernel = KernelMemory()
        self.kernel.add(serving.process.pids())
        self.holder = Holder(serving.port, core, serving.log, connections, transport == "polling", serving.contestant.protocol)
        self.found: dict[str, float] = {}

    def note(self, moment: str) -> None:
        """Bytes a session: those that are the process's alone, beyond those of the fresh process, and the kernel's."""
        grown = self.serving.process.memory().anonymous - self.base.anonymous
        self.found[f"{self.transport}_{moment}"] = grown / self.connections
        kernel = self.kernel.bytes()
        if kernel is not None:
            self.found[f"{self.transport}_{moment}_kernel"] = kernel / self.connections

    def end(self) -> None:
        self.holder.end()
        self.serving.process.end()
        self.kernel.close()


def measure(settings: Settings, fleets: dict[str, dict[str, Serving]], core: int) -> dict[str, dict[str, object]]:
    """For each contestant its base memory, and for each transport what a session costs: when it has been idle for a while,
    after all have come and gone some times, and what is left when all are gone."""
    connections = max(settings.connections)
    with contextlib.ExitStack() as stack:
        held = []
        for transport, fleet in fleets.items():
            for serving in fleet.values():
                held.append(_Held(serving, transport, core, connections))
                stack.callback(held[-1].end)
        problems: dict[str, str] = {}
        for command, moment, pause in (("open", "idle", settings.idle_seconds),
                                       (f"churn {settings.churns}", "churned", SETTLE_SECONDS),
                                       ("close", "left", SETTLE_SECONDS)):
            _command(held, command, problems)
            before, start = [it.holder.cpu_ns() for it in held], time.monotonic_ns()
            time.sleep(pause)
            for it, cpu in zip(held, before):
                it.note(moment)
                it.found[f"{it.transport}_{moment}_generator_share"] = (it.holder.cpu_ns() - cpu) / (time.monotonic_ns() - start)
    results: dict[str, dict[str, object]] = {}
    for it in held:
        name = it.serving.contestant.name
        result = results.setdefault(name, {"void": problems.get(name), "sessions": connections})
        if it.transport == "websocket":
            result |= {"base_resident": it.base.resident, "base_anonymous": it.base.anonymous}
        result |= it.found
    return results


def _command(held: list[_Held], command: str, problems: dict[str, str]) -> None:
    """All at once, then until all have done it."""
    for it in held:
        it.holder.tell(command)
    for it in held:
        try:
            it.holder.answer(joined=command != "close")
        except Broken as reason:
            problems.setdefault(it.serving.contestant.name, f"{command} ({it.transport}): {reason}")
    for it in held:
        it.serving.process.settle()
