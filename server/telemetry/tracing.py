"""Spans of OpenTelemetry: one for a request, one for each stage within it.

Where a tracer provider is set (`opentelemetry-instrument`, or a program around `build_app`), it is used. Where none is
and the environment names an exporter (`OTEL_TRACES_EXPORTER`, or `OTEL_EXPORTER_OTLP_ENDPOINT` alone), one is set up.
Without the SDK, or without either, nothing is traced and nothing of it is paid for.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from rag import __version__
from rag.errors import SettingsError
from rag.stages import Stage
from server.telemetry.requests import CurrentRequest

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider

_EXPORTERS = "opentelemetry_traces_exporter"
"""The group of entry points in which exporters stand by name: `console`, `otlp`."""

_log = logging.getLogger(__name__)


class Tracing:
    """Makes the spans of one server.

    Args:
        provider: where they go.
    """

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry import propagate, trace

        self._provider = provider
        self._trace = trace
        self._extract = propagate.extract
        self._tracer = provider.get_tracer("wenbao", __version__)

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str], request: CurrentRequest) -> Iterator[Span]:
        """The span of a request, the child of the caller's where a `traceparent` names one."""
        with self._tracer.start_as_current_span(
            method, context=self._extract(headers), kind=self._trace.SpanKind.SERVER
        ) as span:
            request.trace_id = self._trace.format_trace_id(span.get_span_context().trace_id)
            span.set_attribute("http.request.method", method)
            span.set_attribute("wenbao.request_id", request.request_id)
            yield span

    def answered(self, span: Span, method: str, route: str, status: int) -> None:
        """Says in a request's span what became of it."""
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)

    def stage(self, name: Stage) -> AbstractContextManager[object]:
        """The span of a stage, within that of the request whose context this is."""
        return self._tracer.start_as_current_span(name)

    def flush(self) -> None:
        """Sends what has not been sent yet; called when the server ends."""
        flush: Any = getattr(self._provider, "force_flush", None)
        if flush is not None:
            flush()


def open_tracing() -> Tracing | None:
    """Tracing as the process or its environment wants it; None where neither does, or OpenTelemetry is missing.

    Raises:
        SettingsError: the environment names an exporter that is not installed.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
    except ModuleNotFoundError:
        if _wanted():
            _log.warning("nothing is traced: opentelemetry is not installed: pip install 'wenbao[otel]'")
        return None
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        return Tracing(provider)
    wanted = _wanted()
    return Tracing(_set_up(wanted)) if wanted else None


def _wanted() -> list[str]:
    """Names of the exporters that the environment asks for."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return []
    endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ or "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" in os.environ
    named = os.environ.get("OTEL_TRACES_EXPORTER", "otlp" if endpoint else "")
    return [name.strip() for name in named.split(",") if name.strip() not in {"", "none"}]


def _set_up(exporters: list[str]) -> TracerProvider:
    from opentelemetry import trace
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.version": __version__})
    if resource.attributes.get(SERVICE_NAME, "unknown_service").startswith("unknown_service"):  # type: ignore[union-attr]
        resource = resource.merge(Resource({SERVICE_NAME: "wenbao"}))
    provider = TracerProvider(resource=resource)
    for name in exporters:
        found = list(entry_points(group=_EXPORTERS, name=name))
        if not found:
            raise SettingsError(
                f"OTEL_TRACES_EXPORTER names {name}, and no exporter of that name is installed.",
                hint="pip install 'wenbao[otel]' brings otlp; unset the variable to trace nothing.",
            )
        provider.add_span_processor(BatchSpanProcessor(found[0].load()()))
    trace.set_tracer_provider(provider)
    return provider
