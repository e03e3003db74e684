"""The requests under way, and the end of a server: which requests its end waits for.

Everything here is called from the event loop's thread or from a signal handler, which runs in that thread too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Traffic:
    """Counts the requests under way, and knows whether the server is to end."""

    def __init__(self) -> None:
        self._running: set[object] = set()
        self._awaited: set[object] = set()
        self._draining = False

    @property
    def in_flight(self) -> int:
        """How many requests are under way."""
        return len(self._running)

    @property
    def draining(self) -> bool:
        """True once the server is to end: it is not ready any more, and goes on answering what comes."""
        return self._draining

    @property
    def drained(self) -> bool:
        """True once all that was under way when the end was announced is answered.

        What came later is not waited for here: a caller who never stops asking would keep the server for ever.
        """
        return self._draining and not self._awaited

    @contextmanager
    def request(self) -> Iterator[None]:
        """Counts a request for the length of the block."""
        ticket = object()
        self._running.add(ticket)
        try:
            yield
        finally:
            self._running.discard(ticket)
            self._awaited.discard(ticket)

    def drain(self) -> None:
        """Announces the end. Once announced it stays so."""
        if not self._draining:
            self._draining = True
            self._awaited = set(self._running)
