"""Freshness: what the server has loaded, looked at again and again, so that a refresh is seen going on and a newer
generation is noticed, whoever built it.

Nothing here touches a widget; what is seen is told to whoever listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.remote.link import Link

if TYPE_CHECKING:
    from server.schemas import IndexOut, JobOut

QUIET_SECONDS = 5.0
"""Between two looks while nothing goes on."""
BUSY_SECONDS = 0.5
"""While a refresh runs, so that its progress is seen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the index, beside the one before."""

    index: IndexOut
    before: IndexOut | None = None
    """None: it is the first look."""

    @property
    def is_new(self) -> bool:
        """Whether another generation is loaded than before."""
        return self.before is not None and self.index.generation not in {None, self.before.generation}

    @property
    def ended(self) -> JobOut | None:
        """The refresh that was running and does so no more; None where none was."""
        job, last = self.before.job if self.before is not None else None, self.index.last_job
        is_over = job is not None and last is not None and last.job_id == job.job_id and last.state != "running"
        return last if is_over else None


Listener = Callable[[Seen], object]


class Freshness:
    """Looks at the index, and has it refreshed.

    Args:
        link: the connection to the server; nothing is looked at while it is not there.
        pause: waits so many seconds; None: as the link does.
    """

    def __init__(self, link: Link, pause: Callable[[float], Awaitable[None]] | None = None) -> None:
        self.listeners: list[Listener] = []
        """Told every look, in the order in which they came."""
        self.on_lost: Callable[[], object] = lambda: None
        """Told that the server, which was there, cannot be reached any more."""
        self._link = link
        self._pause = pause or link.pause
        self._index: IndexOut | None = None
        self._hurry = asyncio.Event()
        self._begun: JobOut | None = None
        """A refresh that was just asked for, until the next look."""

    @property
    def index(self) -> IndexOut | None:
        """What was seen last; None before the first look."""
        return self._index

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            await self._wait()
            await self._look()

    def saw(self, index: IndexOut) -> None:
        """Takes in what somebody has seen."""
        begun, self._begun = self._begun, None
        if (
            begun is not None
            and index.job is None
            and (index.last_job is None or index.last_job.job_id != begun.job_id)
        ):
            # It was looked before the refresh began, and told after: else its end would be missed.
            index = index.model_copy(update={"job": begun})
        seen, self._index = Seen(index, self._index), index
        for listener in list(self.listeners):
            listener(seen)

    async def refresh(self) -> None:
        """Has the server bring its index up to date with the corpus; `run` sees it go on.

        Raises:
            ClientError: the server cannot, or may not for this reader.
        """
        client = await self._link.client()
        job = await client.start_index()
        if self._index is not None:
            # A short refresh may be over at the next look, and is missed where its beginning is not known.
            self.saw(self._index.model_copy(update={"job": job}))
        self._begun = job
        self._hurry.set()

    async def _look(self) -> None:
        client = await self._link.client()
        from tui.remote.client import ClientError, Trouble  # imported by now: the link needed it

        try:
            self.saw(await client.index())
        except ClientError as error:  # of everything else whoever asks next is told; the look is made again
            if error.kind is Trouble.UNREACHABLE and self._link.ready:
                self.on_lost()

    async def _wait(self) -> None:
        """A pause that a refresh cuts short."""
        runs = self._index is not None and self._index.job is not None
        pause = asyncio.ensure_future(self._pause(BUSY_SECONDS if runs else QUIET_SECONDS))
        hurry = asyncio.ensure_future(self._hurry.wait())
        try:
            await asyncio.wait({pause, hurry}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hurry.clear()
            for waiting in (pause, hurry):
                waiting.cancel()
            await asyncio.gather(pause, hurry, return_exceptions=True)
