"""The refresh of the index, one at a time, in a thread behind the requests.

A job is a `JobOut`, replaced as a whole with every step, so that a reader always sees one moment of it.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from rag.errors import IndexLocked, RagError
from rag.types import IndexReport, Progress
from server.errors import problem_of
from server.schemas import JobOut, ReportOut

Builder = Callable[[Callable[[Progress], None]], IndexReport]

_log = logging.getLogger(__name__)


class _Stopped(Exception):
    """Raised in the builder's progress call to end it between two steps."""


class Jobs:
    """Starts refreshes and remembers the running one and the one before.

    Args:
        builder: builds the index; it is given a function that takes its progress.
        on_built: called in the job's thread once a build has succeeded, before the job is told as ended.
    """

    def __init__(self, builder: Builder, on_built: Callable[[], None]) -> None:
        self._builder = builder
        self._on_built = on_built
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._running: JobOut | None = None
        self._last: JobOut | None = None
        self._stopping = False

    @property
    def running(self) -> JobOut | None:
        """The job that runs now."""
        return self._running

    @property
    def last(self) -> JobOut | None:
        """The job that ended last."""
        return self._last

    def start(self, builder: Builder | None = None) -> tuple[JobOut, bool]:
        """Starts a job, unless one runs.

        Args:
            builder: builds the index this once instead of the usual one.

        Returns:
            The job that runs now, and whether this call started it.
        """
        with self._lock:
            if self._running is not None:
                return self._running, False
            job = JobOut(job_id=uuid.uuid4().hex, state="running", started=_now())
            self._running = job
            self._thread = threading.Thread(
                target=self._run, args=(job, builder or self._builder), name="wenbao-index", daemon=True
            )
            self._thread.start()
            return job, True

    def join(self) -> None:
        """Waits for the end of the job that runs, if one does."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def stop(self, timeout: float) -> None:
        """Ends the running job at its next step and waits for that. What is published stays; what is not, is not."""
        self._stopping = True
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, job: JobOut, builder: Builder) -> None:
        try:
            report = builder(self._on_progress)
            self._on_built()
            outcome = {"state": "succeeded", "report": ReportOut.from_report(report)}
        except _Stopped:
            stopped = RagError("stopped")
            outcome = {
                "state": "failed",
                "problem": problem_of(stopped).model_copy(update={"detail": "The server was stopped."}),
            }
        except RagError as error:
            # That another process writes the index is a matter of course where several servers share it.
            level = logging.INFO if isinstance(error, IndexLocked) else logging.WARNING
            _log.log(level, "the index could not be refreshed: %s %s", error.message, error.hint)
            outcome = {"state": "failed", "problem": problem_of(error)}
        except Exception as error:  # a defect ends the job, not the server, and is told without its insides
            _log.exception("the index could not be refreshed")
            outcome = {"state": "failed", "problem": problem_of(error)}
        with self._lock:
            last_step = self._running or job
            self._last = last_step.model_copy(update={"finished": _now(), "seconds_left": None, **outcome})
            self._running = None

    def _on_progress(self, progress: Progress) -> None:
        if self._stopping:
            raise _Stopped
        with self._lock:
            if self._running is not None:
                step = {name: getattr(progress, name) for name in ("stage", "done", "total", "seconds_left")}
                self._running = self._running.model_copy(update=step)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
