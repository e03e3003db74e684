"""Spans of OpenTelemetry: one for a request, one for each stage within it, and none where nobody asked for any."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import server.process.run
from rag.errors import SettingsError, StoreError
from server.state import State
from server.telemetry.tracing import Tracing, open_tracing
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary

ROOT = Path(__file__).parents[3]
STAGES = {"embed", "dense", "keyword", "fuse"}


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Where the spans of the servers of this test go."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(server.process.run, "open_tracing", lambda: Tracing(provider))
    yield exporter
    provider.shutdown()


def by_name(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def ids(spans: list[ReadableSpan]) -> set[int]:
    return {span.context.span_id for span in spans if span.context is not None}


def parents(spans: list[ReadableSpan]) -> set[int | None]:
    return {span.parent.span_id if span.parent is not None else None for span in spans}


def test_the_stages_of_a_search_are_spans_within_that_of_the_request(
    spans: InMemorySpanExporter, sample_library_state: Callable[[], State]
) -> None:
    caller = "4bf92f3577b34da6a3ce929d0e0e4736"
    state = sample_library_state()
    with serve_state(state) as client:
        state.live.wait()
        client.post(
            "/v1/search",
            json={"query": "婚恋交友平台"},
            headers={"traceparent": f"00-{caller}-00f067aa0ba902b7-01", "X-Request-ID": "mine"},
        )
    (request,) = by_name(spans, "POST /v1/search")
    assert request.kind is SpanKind.SERVER
    assert request.context is not None
    assert f"{request.context.trace_id:032x}" == caller
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert request.attributes is not None
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.route": "/v1/search",
        "http.response.status_code": 200,
        "wenbao.request_id": "mine",
    }
    for name in STAGES:
        assert parents(by_name(spans, name)) == ids([request])


def test_the_stages_of_an_answer_lie_within_it_streamed_or_not(
    spans: InMemorySpanExporter, sample_library_state: Callable[[], State]
) -> None:
    state = sample_library_state()
    with serve_state(state) as client:
        state.live.wait()
        for stream in (False, True):
            client.post("/v1/ask", json={"question": "哪些城市搭建了婚恋交友平台？", "stream": stream})
    requests, answers = by_name(spans, "POST /v1/ask"), by_name(spans, "answer")
    assert parents(answers) == ids(requests)
    assert len(answers) == len(requests) == 2
    for name in STAGES:
        assert parents(by_name(spans, name)) == ids(answers)


def test_a_request_that_fails_says_so(spans: InMemorySpanExporter, workdir: object) -> None:
    with serve_state(make_state(FakeLibrary(ask_error=StoreError("gone")))) as client:
        assert client.post("/v1/ask", json={"question": "桥"}).status_code == 503
        assert client.get("/nowhere/at/all").status_code == 404
    (failed,) = by_name(spans, "POST /v1/ask")
    assert failed.status.status_code is StatusCode.ERROR
    (unknown,) = by_name(spans, "GET unmatched")
    assert unknown.status.status_code is StatusCode.UNSET


def test_a_log_line_names_the_trace(
    spans: InMemorySpanExporter, workdir: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    import server.telemetry.observing

    seen: list[str] = []
    taken = server.telemetry.observing.Observing._write

    def write(self: object, *arguments: object) -> None:
        from server.telemetry.requests import current_request

        request = current_request()
        assert request is not None
        seen.append(request.trace_id)
        taken(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(server.telemetry.observing.Observing, "_write", write)
    with serve_state(make_state(FakeLibrary())) as client:
        client.get("/healthz")
    (span,) = by_name(spans, "GET /healthz")
    assert span.context is not None
    assert seen == [f"{span.context.trace_id:032x}"]


def test_nothing_is_traced_where_nobody_asked(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    assert open_tracing() is None
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert open_tracing() is None
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert open_tracing() is None
    assert client.get("/healthz").status_code == 200


def test_an_exporter_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    with pytest.raises(SettingsError, match="carrier-pigeon") as caught:
        open_tracing()
    assert "wenbao[otel]" in caught.value.hint


def test_an_exporter_of_the_environment_gets_the_spans() -> None:
    # A process of its own, since a provider is set once and for all.
    code = (
        "from server.telemetry.requests import begin; from server.telemetry.tracing import open_tracing\n"
        "tracing = open_tracing()\n"
        "with tracing.request('GET', {}, begin('mine')) as span:\n"
        "    tracing.answered(span, 'GET', '/healthz', 200)\n"
        "tracing.flush()\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OTEL_TRACES_EXPORTER": "console"}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert '"name": "GET /healthz"' in told.stdout
    assert '"service.name": "wenbao"' in told.stdout
