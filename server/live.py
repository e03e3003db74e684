"""The library of a running server: opened behind the first requests, opened again when it could not be.

Once open, the library hops to every newer generation with the next request; a thread that looks at `CURRENT` has it
hop before that, so that neither the request waits for it nor an idle server holds on to what is gone. Until it is open
requests wait, within bounds; when there is nothing to open, the reason is kept and told, and opening is tried again so
that an index built meanwhile is found.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rag.errors import RagError, StoreError
from rag.types import Progress
from server.errors import Loading

if TYPE_CHECKING:
    from rag.library import Library

PATIENCE_S = 30.0
"""How long a request waits for an index that is being opened."""
RETRY_S = 2.0
"""How long a failure to open stands before a request has it tried again."""
FOLLOW_S = 1.0
"""How often is looked for a newer generation."""

Opener = Callable[[Callable[[Progress], None]], "Library"]

_log = logging.getLogger(__name__)


class LiveLibrary:
    """Opens a library in a thread of its own and hands it out.

    Args:
        opener: opens the library; it is given a function that takes its progress.
        patience: seconds that `wait` waits.
        retry: seconds for which a failure stands.
        follow: seconds between two looks for a newer generation.
    """

    def __init__(
        self, opener: Opener, *, patience: float = PATIENCE_S, retry: float = RETRY_S, follow: float = FOLLOW_S
    ) -> None:
        self._opener = opener
        self._patience = patience
        self._retry = retry
        self._follow_s = follow
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._library: Library | None = None
        self._error: RagError | None = None
        self._failed_at = 0.0
        self._opening = False
        self._closed = False
        self._progress: Progress | None = None

    def open(self) -> None:
        """Starts opening, unless that is under way or done."""
        with self._changed:
            self._start()

    def current(self) -> Library | None:
        """The library if it is open. Never waits."""
        return self._library

    def problem(self) -> RagError | None:
        """Why there is no library yet; None when there is one. Never waits."""
        with self._changed:
            return self._problem()

    def wait(self) -> Library:
        """The library, waited for while it is being opened.

        Raises:
            Loading: it is still being opened after `patience` seconds.
            RagError: why it could not be opened.
        """
        if self._library is not None:
            return self._library
        with self._changed:
            if self._error is None or time.monotonic() - self._failed_at >= self._retry:
                self._start()
            self._changed.wait_for(lambda: not self._opening, self._patience)
            if self._library is not None:
                return self._library
            raise self._problem() or Loading("The server is shutting down.", hint="Ask again once it is up.")

    def reload(self) -> None:
        """Takes up what has just been published: hops, or opens what could not be opened before."""
        library = self._library
        if library is not None:
            library.refresh()
            return
        with self._changed:
            # An opening that began before the publication may not see it.
            self._changed.wait_for(lambda: not self._opening)
            self._start()
            self._changed.wait_for(lambda: not self._opening)

    def close(self) -> None:
        """Closes the library; one that is still being opened is closed as soon as it is."""
        self._ended.set()
        with self._changed:
            self._closed = True
            library, self._library = self._library, None
        if library is not None:
            library.close()

    def _start(self) -> None:
        if self._opening or self._closed or self._library is not None:
            return
        self._opening, self._progress = True, None
        threading.Thread(target=self._open, name="wenbao-open", daemon=True).start()

    def _open(self) -> None:
        library, error = None, None
        try:
            library = self._opener(self._on_progress)
        except RagError as raised:
            error = raised
            _log.warning("no index is loaded: %s %s", raised.message, raised.hint)
        except Exception:  # a defect must be told to those who wait, and must not end the server
            error = StoreError("The index could not be opened: a defect of wenbao.", hint="The server's log says more.")
            _log.exception("the index could not be opened")
        with self._changed:
            self._error, self._failed_at, self._opening = error, time.monotonic(), False
            if not self._closed:
                self._library, library = library, None
            self._changed.notify_all()
        if library is not None:
            library.close()
        elif error is None:
            self._follow()

    def _follow(self) -> None:
        """Hops to what others publish, until the end."""
        while not self._ended.wait(self._follow_s):
            library = self._library
            if library is not None:
                library.refresh()

    def _on_progress(self, progress: Progress) -> None:
        self._progress = progress

    def _problem(self) -> RagError | None:
        if self._library is not None:
            return None
        if self._error is None or self._opening:
            step = self._progress
            at = f" ({step.stage} {step.done} of {step.total})" if step is not None and step.total else ""
            return Loading(f"The index is still being opened{at}.", hint="Ask again in a few seconds.")
        return self._error.with_traceback(None)  # raised again and again, it would gather a trace each time
