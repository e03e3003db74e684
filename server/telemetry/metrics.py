"""What Prometheus reads under `/metrics`: requests, stages, answers, index jobs, and what is loaded.

Every server counts in a registry of its own. Where several worker processes share one socket, whichever is asked tells
the sum over all of them, out of the folder that `prometheus_client` finds in `PROMETHEUS_MULTIPROC_DIR`
(`server.process.workers` sets it before a worker starts). No label takes its value from a caller: routes are templates,
methods and statuses are those of HTTP.
"""

from __future__ import annotations

import http
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from rag.stages import STAGES, Stage

if TYPE_CHECKING:
    from server.state import State

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
NO_ROUTE = "unmatched"
"""The route of a request that fits none."""

METHODS = frozenset(method.value for method in http.HTTPMethod)
_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_STAGE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Metrics:
    """The figures of one server, or of one worker of it."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "wenbao_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "wenbao_request_seconds",
            "From the first byte of a request to the last of its reply.",
            ["method", "route"],
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self._stage_seconds = Histogram(
            "wenbao_stage_seconds",
            "What a request spent in a stage, the stages within it left out.",
            ["stage"],
            buckets=_STAGE_BUCKETS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "wenbao_requests_in_flight", "Requests under way.", registry=registry, multiprocess_mode="livesum"
        )
        self._answers = Counter("wenbao_answers", "Answers with citations.", ["answerer"], registry=registry)
        self._refusals = Counter("wenbao_refusals", "Questions that nothing supports an answer to.", registry=registry)
        self._jobs = Counter("wenbao_index_jobs", "Index jobs that ended.", ["outcome"], registry=registry)
        # Without these a rate over the first request, answer or failure would be lost.
        for stage in STAGES:
            self._stage_seconds.labels(stage)
        for answerer in ("extractive", "llm"):
            self._answers.labels(answerer)
        for outcome in ("succeeded", "unchanged", "failed"):
            self._jobs.labels(outcome)
        if SHARED_FOLDER not in os.environ:  # these tell of one process, and a reader could not know of which
            ProcessCollector(registry=registry)
            GCCollector(registry=registry)

    def request_began(self) -> None:
        """A request came."""
        self._in_flight.inc()

    def request_ended(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """A request was answered.

        Args:
            method: as sent; one that HTTP does not know is counted as `other`.
            route: template of its route, or `NO_ROUTE`.
            status: of the reply.
            seconds: how long it took; None where that means nothing.
        """
        known = method if method in METHODS else "other"
        self._in_flight.dec()
        self._requests.labels(known, route, str(status)).inc()
        if seconds is not None:
            self._request_seconds.labels(known, route).observe(seconds)

    def stages_ended(self, seconds: Mapping[Stage, float]) -> None:
        """What a request spent in each of its stages."""
        for stage, spent in seconds.items():
            self._stage_seconds.labels(stage).observe(spent)

    def answered(self, supported: bool, answerer: str) -> None:
        """An answer was given, or refused."""
        if supported:
            self._answers.labels(answerer).inc()
        else:
            self._refusals.inc()

    def job_ended(self, outcome: str) -> None:
        """An index job ended: `succeeded`, `unchanged` or `failed`."""
        self._jobs.labels(outcome).inc()

    def text(self, state: State) -> bytes:
        """All figures in Prometheus' text format, those of all workers where there are several."""
        counted = self._registry
        if SHARED_FOLDER in os.environ:
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
        loaded = CollectorRegistry()
        loaded.register(_Loaded(state))
        return generate_latest(counted) + generate_latest(loaded)


class _Loaded(Collector):
    """What a server has loaded and is doing at this moment. All workers share one index, so any of them can tell."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterable[Metric]:
        library = self._state.live.current()
        ready = library is not None and not self._state.traffic.draining
        yield GaugeMetricFamily("wenbao_ready", "1 while requests are wanted, as /readyz says.", ready)
        if library is not None:
            status = library.status()
            generation = GaugeMetricFamily(
                "wenbao_index_info", "The generation that answers.", labels=["generation", "model"]
            )
            generation.add_metric([status.generation, status.model], 1)
            yield generation
            yield GaugeMetricFamily("wenbao_index_sources", "Files with an article.", status.counts.sources)
            yield GaugeMetricFamily("wenbao_index_articles", "Articles loaded.", status.counts.articles)
            yield GaugeMetricFamily("wenbao_index_chunks", "Passages loaded.", status.counts.chunks)
        job = self._state.jobs.running
        yield GaugeMetricFamily("wenbao_index_job_running", "1 while an index job runs.", job is not None)
        done = GaugeMetricFamily("wenbao_index_job_progress", "Share of its stage that is done.", labels=["stage"])
        if job is not None:
            done.add_metric([job.stage or "starting"], job.done / job.total if job.total else 0.0)
        yield done
