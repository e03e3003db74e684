"""The refresh of the index, one at a time, in a thread behind the requests.

A job is a `JobOut`, replaced as a whole with every step, so that a reader always sees one moment of it. Where servers
share an index (`server.refreshing.job_notes`), one of them runs a job at a time, and all of them tell of it.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from rag.errors import IndexLocked, RagError
from rag.types import IndexReport, Progress
from server.errors import ShuttingDown, problem_of
from server.refreshing.job_notes import JobNotes
from server.schemas import JobOut, ReportOut

Builder = Callable[[Callable[[Progress], None]], IndexReport]

_LOOK_S = 0.2
"""How often is looked for what another process does."""
_LOOKS = 5

_log = logging.getLogger(__name__)


class _Stopped(Exception):
    """Raised in the builder's progress call to end it between two steps."""


class Jobs:
    """Starts refreshes and remembers the running one and the one before.

    Args:
        builder: builds the index; it is given a function that takes its progress.
        on_built: called in the job's thread once a build has succeeded, before the job is told as ended.
        notes: shared with the other servers over the same index; None where there is none to share with.
    """

    def __init__(self, builder: Builder, on_built: Callable[[], None], notes: JobNotes | None = None) -> None:
        self._builder = builder
        self._on_built = on_built
        self._notes = notes
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._running: JobOut | None = None
        self._last: JobOut | None = None
        self._stopping = threading.Event()
        self.on_ended: list[Callable[[str], None]] = []
        """Called at the end of a job with `succeeded`, `unchanged` or `failed`."""

    @property
    def running(self) -> JobOut | None:
        """The job that runs now, here or in another process."""
        own = self._running
        return own if own is not None else self._running_elsewhere()

    @property
    def last(self) -> JobOut | None:
        """The job that ended last, here or in another process."""
        own, noted = self._last, self._noted()
        if noted is None or noted.finished is None:
            return own
        return noted if own is None or noted.finished >= (own.finished or "") else own

    def start(self, builder: Builder | None = None) -> tuple[JobOut, bool]:
        """Starts a job, unless one runs.

        Args:
            builder: builds the index this once instead of the usual one.

        Returns:
            The job that runs now, and whether this call started it.

        Raises:
            ShuttingDown: no job is started any more.
            IndexLocked: another process has the right to run one, and does not tell what it does.
        """
        with self._lock:
            if self._running is not None:
                return self._running, False
            if self._stopping.is_set():
                raise ShuttingDown("The server is shutting down.", hint="Ask another one.")
            if (elsewhere := self._claimed_elsewhere()) is not None:
                return elsewhere, False
            job = JobOut(job_id=uuid.uuid4().hex, state="running", started=_now())
            self._show(job)
            self._thread = threading.Thread(
                target=self._run, args=(job, builder or self._builder), name="wenbao-index", daemon=True
            )
            self._thread.start()
            return job, True

    def join(self) -> None:
        """Waits for the end of the job that runs, if one does, here or in another process."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()
        while self._running_elsewhere() is not None and not self._stopping.wait(_LOOK_S):
            pass

    def cancel(self) -> None:
        """Has the running job end at its next step, and lets none start. What is published stays."""
        self._stopping.set()

    def stop(self, timeout: float) -> None:
        """As `cancel`, and waits for the end of the job."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, job: JobOut, builder: Builder) -> None:
        outcome, told = "failed", {}
        try:
            report = builder(self._on_progress)
            self._on_built()
            outcome = "succeeded" if report.changed else "unchanged"
            told = {"state": "succeeded", "report": ReportOut.from_report(report)}
        except _Stopped:
            stopped = problem_of(RagError("stopped")).model_copy(update={"detail": "The server was stopped."})
            told = {"state": "failed", "problem": stopped}
        except RagError as error:
            # That another process writes the index is a matter of course where several servers share it.
            level = logging.INFO if isinstance(error, IndexLocked) else logging.WARNING
            _log.log(level, "the index could not be refreshed: %s %s", error.message, error.hint)
            told = {"state": "failed", "problem": problem_of(error)}
        except Exception as error:  # a defect ends the job, not the server, and is told without its insides
            _log.exception("the index could not be refreshed")
            told = {"state": "failed", "problem": problem_of(error)}
        with self._lock:
            last_step = self._running or job
            self._last = last_step.model_copy(update={"finished": _now(), "rate": 0.0, "seconds_left": None, **told})
            self._running = None
            if self._notes is not None:
                self._notes.write(self._last)
                self._notes.release()
        for tell in self.on_ended:
            tell(outcome)

    def _on_progress(self, progress: Progress) -> None:
        if self._stopping.is_set():
            raise _Stopped
        with self._lock:
            if self._running is not None:
                step = {name: getattr(progress, name) for name in ("stage", "done", "total", "rate", "seconds_left")}
                self._show(self._running.model_copy(update=step))

    def _show(self, job: JobOut) -> None:
        """Makes a job the one that runs. The lock is held."""
        self._running = job
        if self._notes is not None:
            self._notes.write(job)

    def _claimed_elsewhere(self) -> JobOut | None:
        """The job of another process that keeps one from starting here; None once this process may start one."""
        for _ in range(_LOOKS):
            if self._notes is None or self._notes.claim():
                return None
            if (elsewhere := self._running_elsewhere()) is not None:
                return elsewhere
            time.sleep(_LOOK_S)  # it has the right, and has not noted its job yet, or not given the right back yet
        raise IndexLocked("Another process is about to refresh the index.", hint="Ask again in a moment.")

    def _noted(self) -> JobOut | None:
        return self._notes.read() if self._notes is not None else None

    def _running_elsewhere(self) -> JobOut | None:
        noted = self._noted()
        if noted is None or noted.state != "running" or (self._last is not None and noted.job_id == self._last.job_id):
            return None
        return noted


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
