"""The numbers of one process: plain integers while requests come, in Prometheus's form only when asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

#: Upper bounds, in seconds, of the buckets into which the times to the answer fall; above the last there is one more.
BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


@dataclass(slots=True)
class _Times:
    """How long the answers of one route took."""

    #: Answers whose time fell into each bucket.
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    #: Seconds of them all.
    total: float = 0.0

    def buckets(self) -> list[tuple[str, float]]:
        """Return by upper bound how many took no longer."""
        return list(zip([*map(str, BOUNDS), "+Inf"], accumulate(self.counts), strict=True))


class Requests(Collector):
    """Counts the requests that were answered, and how long each took."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], int] = {}
        self._times: dict[str, _Times] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        line = (method, route, status)
        self._counts[line] = self._counts.get(line, 0) + 1
        times = self._times.get(route)
        if times is None:
            times = self._times[route] = _Times()
        times.counts[bisect_left(BOUNDS, seconds)] += 1
        times.total += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers as they are now."""
        requests = CounterMetricFamily("forewarn_requests", "Requests answered.", labels=["method", "route", "status"])
        for (method, route, status), count in self._counts.items():
            requests.add_metric([method, route, str(status)], count)
        yield requests
        seconds = HistogramMetricFamily("forewarn_request_seconds", "Time to the answer.", labels=["route"])
        for route, times in self._times.items():
            seconds.add_metric([route], times.buckets(), times.total)
        yield seconds


@dataclass(frozen=True)
class Metrics:
    """The numbers of one process, in a registry of their own."""

    registry: CollectorRegistry
    requests: Requests
    notices: Gauge
    sequence: Gauge
    installs: Gauge
    #: The states that a notice has ever been seen in, so that an empty one falls to 0.
    known_states: set[str] = field(default_factory=set)

    @classmethod
    def create(cls) -> Metrics:
        """Return metrics that count from nothing."""
        registry = CollectorRegistry()
        requests = Requests()
        registry.register(requests)
        return cls(
            registry,
            requests,
            Gauge("forewarn_notices", "Notices by state.", ["state"], registry=registry),
            Gauge("forewarn_sequence", "The newest sequence that verdicts are judged by.", registry=registry),
            Gauge("forewarn_installs_in_memory", "Installs that audiences are counted in.", registry=registry),
        )

    def count_notices(self, counts: Mapping[str, int]) -> None:
        """Take how many notices there are in each state."""
        self.known_states.update(counts)
        for state in self.known_states:
            self.notices.labels(state).set(counts.get(state, 0))

    def exposition(self) -> tuple[bytes, str]:
        """Return the metrics as Prometheus reads them, and the media type of that."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
