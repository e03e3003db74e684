"""Connections that ask nothing: cut off, so that idle or trickling ones cannot use up what a process may hold open.

The guard (`server.guarding.limits`) bounds a request once its head has come. Until then only uvicorn knows of it, and
waits for ever.
"""

from __future__ import annotations

import asyncio
import logging

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from server.errors import problem_of
from server.refusals import TooSlow

_log = logging.getLogger(__name__)


def lines_of(seconds: float) -> type[H11Protocol]:
    """The protocol of connections on each of which the head of a request must come within `seconds`.

    That is counted from the connection on, and for every further request from its first byte on; how long a connection
    may rest between two requests is uvicorn's to say.
    """

    class Line(H11Protocol):
        """One connection."""

        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            self._head_timer = self.loop.call_later(seconds, self._cut)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            has_begun = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
            if not has_begun:
                self._disarm()
            elif self._head_timer is None:
                self._head_timer = self.loop.call_later(seconds, self._cut)

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def _disarm(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _cut(self) -> None:
            self._head_timer = None
            if self.transport.is_closing():
                return
            if self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
                self.transport.write(_refusal(seconds))
            _log.debug("a connection was cut off that had asked nothing for %g s", seconds)
            self.transport.close()

    return Line


def _refusal(seconds: float) -> bytes:
    slow = TooSlow(
        f"The request's head did not come within {seconds:g} seconds.",
        hint="Send it again, on a faster line; the server's setting is body_timeout_s.",
    )
    body = problem_of(slow).model_dump_json(exclude_none=True).encode()
    head = (
        "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
