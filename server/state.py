"""What the routes need, in one dataclass, and the dependency that hands it to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from rag.settings import Settings
from rag.types import IndexReport, Progress
from server.jobs import Jobs
from server.live import LiveLibrary

if TYPE_CHECKING:
    from rag.library import Library


@dataclass(frozen=True, slots=True)
class State:
    """One server: its settings, its library, its index jobs."""

    settings: Settings
    live: LiveLibrary
    jobs: Jobs


def build_state(settings: Settings) -> State:
    """The state of a server over the index that `settings` name. Nothing is opened yet."""

    # Both imports take a while; in here they happen in the opening or building thread, behind a socket that answers.
    def open_library(progress: Callable[[Progress], None]) -> Library:
        from rag.library import Library

        return Library.open(settings, progress)

    def build(progress: Callable[[Progress], None]) -> IndexReport:
        from rag.index.builder import build_index
        from rag.index.remembering import with_remembered_corpus

        return build_index(with_remembered_corpus(settings), progress)

    live = LiveLibrary(open_library)
    return State(settings, live, Jobs(build, on_built=live.reload))


def get_state(request: Request) -> State:
    """The state of the app that serves the request."""
    state: State = request.app.state.wenbao
    return state


StateDep = Annotated[State, Depends(get_state)]
