"""What the routes need, in one dataclass, and the dependency that hands it to them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from rag.settings import Settings
from rag.types import IndexReport, Progress
from server.live import LiveLibrary
from server.process.traffic import Traffic
from server.refreshing.building import build_aside
from server.refreshing.job_notes import JobNotes
from server.refreshing.jobs import Jobs
from server.refreshing.watcher import IndexWatcher
from server.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from rag.library import Library


SPARE_THREADS = 1
"""Threads that search beside one for each core: one has something to do while another waits for Python's lock."""


def search_turns() -> CapacityLimiter:
    """Lets as many searches compute at once as the machine can, the others in the order in which they came.

    A thread for every caller would have them all wait for Python's lock, some for many times as long as others.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return CapacityLimiter(cores + SPARE_THREADS)


@dataclass(frozen=True, slots=True)
class State:
    """One server: its settings, its library, its index jobs."""

    settings: Settings
    live: LiveLibrary
    jobs: Jobs
    watcher: IndexWatcher | None = None
    """Refreshes the index when its corpus changes; None where that is not wanted."""
    traffic: Traffic = field(default_factory=Traffic)
    metrics: Metrics = field(default_factory=Metrics)
    turns: CapacityLimiter = field(default_factory=search_turns)
    """Of searches."""
    watched_elsewhere: bool = False
    """True where another worker of this server watches the corpus."""

    def cancel_work(self) -> None:
        """Ends what goes on behind the requests, and waits for none of it: the server is about to end."""
        if self.watcher is not None:
            self.watcher.stop()
        self.jobs.cancel()


def build_state(settings: Settings, *, watched_elsewhere: bool = False) -> State:
    """The state of a server over the index that `settings` name. Nothing is opened yet."""

    # The imports take a while; in here they happen in the opening or building thread, behind a socket that answers.
    def open_library(progress: Callable[[Progress], None]) -> Library:
        from rag.library import Library

        return Library.open(settings, progress)

    def refresh(progress: Callable[[Progress], None]) -> IndexReport:
        from rag.index.building.remembering import with_remembered_corpus

        return build_aside(with_remembered_corpus(settings), progress)

    live = LiveLibrary(open_library)
    jobs = Jobs(refresh, on_built=live.reload, notes=JobNotes(settings.vectors))
    watcher = IndexWatcher(settings, live, jobs, build_aside) if settings.watch else None
    return State(settings, live, jobs, watcher, watched_elsewhere=watched_elsewhere)


async def get_state(request: Request) -> State:
    """The state of the app that serves the request. Not a plain function, which would be sent through a thread."""
    state: State = request.app.state.wenbao
    return state


StateDep = Annotated[State, Depends(get_state)]
