"""What a run measures, how long and how often."""

from __future__ import annotations

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Point:
    """So many connections, bursts of so many broadcasts."""

    connections: int
    burst: int
    polling: bool = False

    def __str__(self) -> str:
        return f"{self.connections:,} {'polling clients' if self.polling else 'connections'}, bursts of {self.burst}"


@dataclasses.dataclass(frozen=True)
class Settings:
    only: tuple[str, ...]
    connections: tuple[int, ...] = (100, 1000, 5000)
    bursts: tuple[int, ...] = (1, 8, 64)
    rounds: int = 7
    memory_rounds: int = 3
    seconds: float = 5
    least_bursts: int = 5
    least_deliveries_a_second: int = 20_000
    deliveries_of_each_a_second: int = 20
    most_polling: Point = Point(1000, 8, True)
    asks_a_second: int = 20_000
    rooms: int = 1000
    members: int = 10  # of each room
    rooms_burst: int = 100  # rooms that are emitted to at once
    fleet_connections: int = 1000  # of two processes with a Redis between them
    idle_seconds: float = 60
    churns: int = 10
    connects: int = 10_000
    connect_seconds: float = 40

    def points(self) -> list[Point]:
        return [*(Point(connections, burst) for connections in self.connections for burst in self.bursts),
                *(Point(connections, burst, True) for connections in self.connections for burst in self.bursts
                  if connections <= self.most_polling.connections and burst <= self.most_polling.burst)]

    def deliveries_a_second(self, point: Point) -> int:
        return max(self.least_deliveries_a_second, self.deliveries_of_each_a_second * point.connections)

    def bursts_a_second(self, point: Point) -> float:
        return self.deliveries_a_second(point) / point.connections / point.burst

    def bursts_of(self, point: Point) -> int:
        """As many as fit the time, but a few at least."""
        return max(self.least_bursts, math.ceil(self.seconds * self.bursts_a_second(point)))

    def warm_up_bursts(self, point: Point) -> int:
        """Those of a second, or one."""
        return max(1, round(min(1, self.seconds) * self.bursts_a_second(point)))

    def estimate(self, point: Point) -> float:
        """Seconds that one measurement takes."""
        bursts = self.bursts_of(point) + self.warm_up_bursts(point) - 2
        return bursts / self.bursts_a_second(point) + 0.7 + point.connections / 1000 * 0.8

    def fleet_points(self) -> list[Point]:
        return [Point(self.fleet_connections, burst) for burst in self.bursts if self.fleet_connections in self.connections]

    def room_options(self, rooms: bool) -> dict[str, object]:
        """Events to rooms, or as many deliveries of events to everyone."""
        a_burst = self.rooms_burst * self.members if rooms else self.fleet_connections
        a_second = self.least_deliveries_a_second / a_burst
        return {"connections": self.fleet_connections, "rooms": self.rooms if rooms else 0, "members": self.members,
                "burst": self.rooms_burst if rooms else 1, "bursts_a_second": a_second,
                "bursts": max(self.least_bursts, math.ceil(self.seconds * a_second))}

    def asks(self) -> int:
        """Events with an acknowledgement, of one measurement."""
        return math.ceil(self.seconds * self.asks_a_second)

    def estimate_asks(self, connections: int) -> float:
        return self.seconds + 0.7 + connections / 1000 * 0.8

    def estimate_memory(self) -> float:
        return self.idle_seconds + 10 + max(self.connections) / 1000 * (10 + 6 * self.churns)

    def estimate_connects(self) -> float:
        return 0.5 + self.connects / 3000
