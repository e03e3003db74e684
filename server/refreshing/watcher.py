"""Keeps the index of a running server up to date with its corpus, through the same jobs that `POST /v1/index` starts.

What is watched is what the live generation was made from: after `wenbao index OTHER` it is OTHER, and a server never
goes back to another corpus by itself, whatever it was started with. So any number of servers over one index agree: one
of them writes, the others find nothing left to do and answer from what it has published. The built-in sample never
changes, and an index that cannot be opened is no matter for a refresh.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import CorpusError, CorpusMissing, IndexLocked, InputError, StoreError, WriteError
from rag.settings import Settings
from rag.types import IndexReport, Progress
from server.errors import PROBLEM_TYPE, ShuttingDown
from server.live import LiveLibrary
from server.refreshing.jobs import Jobs
from server.schemas import JobOut

if TYPE_CHECKING:
    from rag.index.storage.manifest import Manifest
    from rag.index.watch.watching import CorpusWatcher, Pace

IndexBuilder = Callable[[Settings, Callable[[Progress], None]], IndexReport]

RETRY_S = {IndexLocked.slug: 5.0, WriteError.slug: 300.0}
"""What passes without a change of the corpus, and how soon it is tried again."""

_log = logging.getLogger(__name__)


class IndexWatcher:
    """Watches in a thread of its own.

    Args:
        settings: those that the server was started with.
        live: its library; nothing is watched until it is open.
        jobs: what a refresh is started with.
        build: builds the index by the settings given.
        pace: how long is waited; unset: as the command line does.
    """

    def __init__(
        self, settings: Settings, live: LiveLibrary, jobs: Jobs, build: IndexBuilder, pace: Pace | None = None
    ) -> None:
        self._settings = settings
        self._live = live
        self._jobs = jobs
        self._build = build
        self._pace = pace
        self._stopping = threading.Event()
        self._watcher: CorpusWatcher | None = None
        self._thread = threading.Thread(target=self._run, name="wenbao-watch", daemon=True)
        self._manifest: Manifest | None = None
        self._source: Settings | None = None
        self._was_there = False

    @property
    def is_watching(self) -> bool:
        """True while changes in the corpus are acted upon."""
        return self._thread.is_alive() and self._source is not None

    def start(self) -> None:
        """Begins to watch; call it once."""
        self._thread.start()

    def stop(self) -> None:
        """Has the watching end; a job that runs is not stopped."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.stop()

    def join(self, timeout: float) -> None:
        """Waits for the watching to end."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        from rag.index.watch.watching import CorpusWatcher  # behind a socket that answers

        try:
            self._watcher = CorpusWatcher(self._paths, self._refresh, tell=_log.warning, pace=self._pace)
            if not self._stopping.is_set():
                self._watcher.run()
        except Exception:  # a defect ends the watching, not the server, and is not silent
            _log.exception("the corpus is no longer watched")
        finally:
            self._source = None

    def _paths(self) -> tuple[Path, ...]:
        """What the live generation was made from; nothing for the sample, or while no library is open."""
        self._hop()
        if self._source is None:
            return ()
        return tuple(path for path in (self._source.corpus, self._source.userdict) if path is not None)

    def _hop(self) -> None:
        """Takes up the live generation, and finds out what it was made from if it is another than before."""
        from rag.index.storage.manifest import Manifest

        library = self._live.current()
        if library is None:
            self._manifest = self._source = None
            return
        status = library.status()
        if self._manifest is not None and self._manifest.generation == status.generation:
            return
        try:
            self._manifest = Manifest.open(self._settings.vectors / "generations" / status.generation)
        except StoreError as error:  # swept this very moment, and then another is live: asked again soon
            _log.info("%s", error.message)
            return
        self._source = None if status.is_sample else _source(self._settings, self._manifest)

    def _refresh(self) -> float | None:
        """Has a job bring the index up to date, if it is not. Waits for the job's end."""
        self._jobs.join()
        self._hop()
        if self._source is None or self._manifest is None or not self._is_due(self._manifest, self._source):
            return None
        try:
            ended = self._run_job(self._source)
        except ShuttingDown:
            return None
        except IndexLocked as error:  # another server keeps the right to run one
            return RETRY_S[error.slug]
        if ended is None or ended.problem is None:
            return None
        return RETRY_S.get(ended.problem.type.removeprefix(PROBLEM_TYPE))

    def _run_job(self, source: Settings) -> JobOut | None:
        """Runs a job after whichever runs already; None where it is not known how it ended."""
        while not self._stopping.is_set():
            job, started = self._jobs.start(lambda progress: self._build(source, progress))
            self._jobs.join()
            if started:
                last = self._jobs.last
                return last if last is not None and last.job_id == job.job_id else None
        return None

    def _is_due(self, manifest: Manifest, source: Settings) -> bool:
        """True when a job has something to do, or to tell: that there is trouble, or that it is over."""
        from rag.index.watch.watching import differs

        last = self._jobs.last
        in_trouble = last is not None and last.problem is not None
        try:
            due = differs(manifest, source) or in_trouble
        except CorpusMissing:
            # An index may be served where its corpus never was; only one that goes away is told.
            return self._was_there
        except (CorpusError, InputError):
            due = True
        self._was_there = True
        return due


def _source(settings: Settings, manifest: Manifest) -> Settings:
    """The settings that a refresh of a generation goes by."""
    named = manifest.settings.get("userdict")
    return settings.model_copy(
        update={
            "corpus": _named(settings.corpus, Path(manifest.corpus)),
            "userdict": _named(settings.userdict, Path(named)) if named else None,
        }
    )


def _named(own: Path | None, indexed: Path) -> Path:
    """A path that was indexed, as the settings name it if they do: a link among it may come to lead elsewhere."""
    return own if own is not None and own.resolve() == indexed else indexed
