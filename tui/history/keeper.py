"""What the screens talk to: conversations are kept in a thread, so that no disk is ever waited for.

Nothing here touches a widget. What goes wrong is told once, and the chat goes on without being kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui.talk.session import Conversation, Turn

if TYPE_CHECKING:  # SQLite is loaded in the thread, behind the first frame
    from tui.history.failures import HistoryError
    from tui.history.folding import Analysis
    from tui.history.records import ConversationRecord, Findings
    from tui.history.search import Search
    from tui.history.store import Store
    from tui.history.turns import Resumed

Result = TypeVar("Result")

LoadAnalysis = Callable[[], "Analysis"]
"""Gives the analysis that the search uses; called once, in a thread, when something is searched first."""


class Keeper:
    """Keeps conversations, lists them, and searches them.

    Args:
        path: the file; None: nothing is kept, and there is nothing to list.
        load_analysis: what knows the index's words; None: plain folding.
    """

    on_trouble: Callable[[HistoryError], object]
    """Told, in the keeper's thread, what keeps conversations from being kept; once for each kind."""

    def __init__(self, path: Path | None, load_analysis: LoadAnalysis | None = None) -> None:
        self.path = path
        self.on_trouble = lambda _error: None
        self._load_analysis = load_analysis
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._searching = ThreadPoolExecutor(1, thread_name_prefix="history-search")
        self._store: Store | None = None
        self._search: Search | None = None
        self._told: set[str] = set()
        self._newest = 0
        self._deleted: list[int] = []
        self._closed = False

    # ------------------------------------------------------------------------------------------------------- keeping

    def asked(self, conversation: Conversation, turn: Turn) -> None:
        """Keeps a question, at once: it is not lost whatever happens next."""
        now = time.time()

        def keep(store: Store) -> None:
            conversation.record, turn.record = store.ask(conversation.record, turn.question, now)
            self._told.clear()  # it works again, so the next failure is news

        self._submit(keep)

    def settled(self, turn: Turn) -> None:
        """Keeps the reply to a question that is kept; nothing where none has come."""
        reply, now = turn.reply, time.time()
        if reply is None:
            return

        def keep(store: Store) -> None:
            if turn.record is not None:
                quotes = [citation.quote for citation in reply.citations]
                store.settle(turn.record, reply.model_dump_json(), reply.answer, quotes, now)

        self._submit(keep)

    # ------------------------------------------------------------------------------------------------------- reading

    async def conversations(self) -> list[ConversationRecord]:
        """All conversations, the one talked in last first.

        Raises:
            HistoryError: they cannot be read.
        """
        return await self._ask(lambda store: store.conversations(), [])

    async def resume(self, conversation: int) -> Resumed | None:
        """A conversation with its replies, to go on with; None where it is gone.

        Raises:
            HistoryError: it cannot be read.
        """

        def load(store: Store) -> Resumed | None:
            from tui.history.turns import resumed

            records = store.turns(conversation)
            return resumed(conversation, records) if records else None

        return await self._ask(load, None)

    async def recent_questions(self, limit: int = 100) -> list[str]:
        """The questions asked last, oldest first, each once; none where they cannot be read."""
        from tui.history.failures import HistoryError

        try:
            return await self._ask(lambda store: store.recent_questions(limit), [])
        except HistoryError:
            return []  # whoever keeps the next question is told why

    async def search(self, query: str) -> Findings | None:
        """What holds the query, best first; None where a newer query has come meanwhile.

        Raises:
            HistoryError: the conversations cannot be read.
        """
        self._newest += 1
        ticket = self._newest
        if self._search is not None:
            self._search.interrupt()
        if self.path is None or self._closed:
            return None
        return await asyncio.wrap_future(self._searching.submit(self._find, query, ticket))

    async def prepare(self) -> None:
        """Loads what a search needs, so that the first one is as fast as the next; failures wait for the search."""
        from tui.history.failures import HistoryError

        try:
            await self.search("")
        except HistoryError:
            return

    # ------------------------------------------------------------------------------------------------------ changing

    @property
    def can_undo(self) -> bool:
        """Whether a deletion of this session can be taken back."""
        return bool(self._deleted)

    async def rename(self, conversation: int, title: str) -> None:
        """Gives a conversation a name; a blank one gives it back its first question.

        Raises:
            HistoryError: it cannot be written.
        """
        await self._ask(lambda store: store.rename(conversation, title), None)

    async def delete(self, conversation: int) -> None:
        """Deletes a conversation; `undo` brings it back until the program ends.

        Raises:
            HistoryError: it cannot be written.
        """
        await self._ask(lambda store: store.delete(conversation), None)
        self._deleted.append(conversation)

    async def undo(self) -> ConversationRecord | None:
        """Takes the last deletion back that has not been taken back.

        Returns:
            The conversation; None where there is nothing to take back, or it is gone for good.

        Raises:
            HistoryError: it cannot be written.
        """
        if not self._deleted:
            return None
        conversation = self._deleted[-1]

        def restore(store: Store) -> ConversationRecord | None:
            store.restore(conversation)
            return store.conversations_by_id([conversation]).get(conversation)

        record = await self._ask(restore, None)
        self._deleted.remove(conversation)
        return record

    def close(self) -> None:
        """Finishes what is being written, removes for good what was deleted, and closes; takes its time."""
        if self._closed:
            return
        self._closed = True
        self._newest += 1
        if self._search is not None:
            self._search.interrupt()
        self._searching.submit(self._close_search)
        self._searching.shutdown()
        self._writing.submit(self._close_store)
        self._writing.shutdown()

    # ------------------------------------------------------------------------------------------------ in the threads

    def _submit(self, keep: Callable[[Store], None]) -> None:
        """Has something written; failures are told."""
        if self.path is not None and not self._closed:
            self._writing.submit(self._write, keep)

    def _write(self, keep: Callable[[Store], None]) -> None:
        from tui.history.failures import HistoryError

        try:
            keep(self._opened())
        except HistoryError as error:
            self._tell(error)

    def _tell(self, error: HistoryError) -> None:
        if error.fault not in self._told:
            self._told.add(error.fault)
            self.on_trouble(error)

    async def _ask(self, call: Callable[[Store], Result], nothing: Result) -> Result:
        """What a call returns, behind everything that is still to be written."""
        if self.path is None or self._closed:
            return nothing
        return await asyncio.wrap_future(self._writing.submit(lambda: call(self._opened())))

    def _opened(self) -> Store:
        """The writing thread's store. What could not be opened is tried again: a disk may have room by now."""
        if self._store is None:
            from tui.history.store import Store

            assert self.path is not None  # noqa: S101  # nothing is submitted without one
            self._store = Store(self.path)
        return self._store

    def _find(self, query: str, ticket: int) -> Findings | None:
        from tui.history.failures import Interrupted

        if self._search is None:
            self._search = self._open_search()
        if ticket != self._newest:
            return None
        try:
            return self._search.find(query)
        except Interrupted:
            return None

    def _open_search(self) -> Search:
        from tui.history.folding import Analysis
        from tui.history.search import Search
        from tui.history.store import Store

        assert self.path is not None  # noqa: S101  # nothing is submitted without one
        return Search(Store(self.path), self._load_analysis() if self._load_analysis is not None else Analysis())

    def _close_search(self) -> None:
        if self._search is not None:
            self._search.close()

    def _close_store(self) -> None:
        from tui.history.failures import HistoryError

        if self._store is None:
            return
        try:
            self._store.purge(self._deleted)
        except HistoryError as error:
            self._tell(error)
        self._store.close()
