"""ASGI middleware around everything else: each request gets an id, is counted, timed, traced and logged.

It stands before the guard, so what the guard turns away is told of, too.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.stages import Stage, listening
from server.errors import ShuttingDown, problem_of, problem_response
from server.process.traffic import Traffic
from server.telemetry.metrics import NO_ROUTE, Metrics
from server.telemetry.requests import REQUEST_ID_HEADER, CurrentRequest, begin
from server.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.trace import Span

CUT_OFF = 499
"""The status under which a request is counted whose caller went away before anything was sent."""
_OPERATION = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that are asked every few seconds; their lines are for `debug`."""

_log = logging.getLogger("server.access")


class Observing:
    """The middleware.

    Args:
        app: what answers.
        routes: in which the template of a request is looked up that never came to a route.
        traffic: counts the requests under way.
        metrics: where they are counted.
        tracing: where spans go; None traces nothing.
        log_questions: whether a line of the log holds what was asked.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: Sequence[Any],
        traffic: Traffic,
        metrics: Metrics,
        tracing: Tracing | None = None,
        log_questions: bool = False,
    ) -> None:
        self._app = app
        self._routes = routes
        self._traffic = traffic
        self._metrics = metrics
        self._tracing = tracing
        self._log_questions = log_questions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request = begin(headers.get(REQUEST_ID_HEADER))
        method, status = scope["method"], CUT_OFF

        async def reply(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                told = MutableHeaders(scope=message)
                told[REQUEST_ID_HEADER] = request.request_id
                if self._traffic.draining:
                    told["Connection"] = "close"  # the next call is for another server
            await send(message)

        began = time.perf_counter()
        listener = _Listener(self._metrics, self._tracing, request)
        self._metrics.request_began()
        with self._traffic.request(), self._span(method, headers, request) as span:
            try:
                with listening(listener):
                    await self._app(scope, receive, reply)
            except asyncio.CancelledError:
                if not self._traffic.draining or status != CUT_OFF:
                    raise
                late = ShuttingDown("The server is shutting down, and could wait no longer.", hint="Ask another one.")
                await problem_response(problem_of(late))(scope, receive, reply)
            except Exception:
                status = 500 if status == CUT_OFF else status
                raise
            finally:
                seconds, route = time.perf_counter() - began, self._route(scope)
                self._metrics.request_ended(method, route, status, seconds if request.timed else None)
                self._metrics.stages_ended(listener.seconds)
                if span is not None and self._tracing is not None:
                    self._tracing.answered(span, method, route, status)
                self._write(method, route, status, seconds, request.question)

    @contextmanager
    def _span(self, method: str, headers: Headers, request: CurrentRequest) -> Iterator[Span | None]:
        if self._tracing is None:
            yield None
            return
        with self._tracing.request(method, headers, request) as span:
            yield span

    def _route(self, scope: Scope) -> str:
        """Template of the route that answered, or would have if the guard had let the request through."""
        route = scope.get("route")
        if route is None:
            route = next((one for one in self._routes if one.matches(scope)[0] is not Match.NONE), None)
        return getattr(route, "path", NO_ROUTE)

    def _write(self, method: str, route: str, status: int, seconds: float, question: str) -> None:
        level = logging.DEBUG if route in _OPERATION and status < 500 else logging.INFO
        if not _log.isEnabledFor(level):
            return
        took_ms = round(1000 * seconds, 1)
        fields = {"method": method, "route": route, "status": status, "took_ms": took_ms}
        if self._log_questions and question:
            fields["question"] = question
        _log.log(level, "%s %s %s in %.1f ms", method, route, status, took_ms, extra=fields)


class _Listener:
    """Hears from the library what one request makes it do."""

    def __init__(self, metrics: Metrics, tracing: Tracing | None, request: CurrentRequest) -> None:
        self._metrics = metrics
        self._tracing = tracing
        self._request = request
        self._lock = threading.Lock()
        self.seconds: dict[Stage, float] = {}
        """Spent in each stage, the stages within it left out."""

    def stage(self, name: Stage) -> AbstractContextManager[object]:
        return _Timed(self, name, nullcontext() if self._tracing is None else self._tracing.stage(name))

    def asked(self, text: str) -> None:
        self._request.question = text

    def answered(self, supported: bool, answerer: str) -> None:
        self._metrics.answered(supported, answerer)

    def spent(self, name: Stage, seconds: float) -> None:
        """Adds to what a stage took."""
        with self._lock:  # a stage may run in several threads at once
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds


class _Open(threading.local):
    """The innermost stage that a thread is in."""

    stage: _Timed | None = None


_open = _Open()


class _Timed:
    """Measures one stage."""

    def __init__(self, listener: _Listener, name: Stage, span: AbstractContextManager[object]) -> None:
        self._listener = listener
        self._name = name
        self._span = span
        self._outer: _Timed | None = None
        self._began = 0.0
        self._inner = 0.0

    def __enter__(self) -> None:
        self._span.__enter__()
        self._outer, _open.stage = _open.stage, self
        self._began = time.perf_counter()

    def __exit__(self, *error: Any) -> None:
        took = time.perf_counter() - self._began
        _open.stage = self._outer
        if self._outer is not None:
            self._outer._inner += took
        self._listener.spent(self._name, took - self._inner)
        self._span.__exit__(*error)
