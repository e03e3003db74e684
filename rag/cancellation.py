"""A way to call off work that another thread does, for callers whose own client has gone away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rag.errors import Cancelled


class Cancellation:
    """Handed to long work, which looks at it between its steps. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """True once the work is called off."""
        return self._cancelled

    def cancel(self) -> None:
        """Calls the work off. Calling it off twice is as good as once."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            for callback in self._callbacks:
                callback()

    def check(self) -> None:
        """Goes on, or ends the work.

        Raises:
            Cancelled: the work is called off.
        """
        if self._cancelled:
            raise Cancelled("The work was called off.", hint="Ask again.")

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Has `callback` called when the work is called off within the block; at once if it is already.

        It is called in the thread that cancels, and never after the block has been left.
        """
        with self._lock:
            self._callbacks.append(callback)
            if self._cancelled:
                callback()
        try:
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)
