"""The file that conversations are kept in: SQLite, written turn by turn, by several `wenbao chat` at once if need be.

A `Store` belongs to the thread that opened it. Every call is one transaction; its failures are `HistoryError`s.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tui.history.failures import Fault, HistoryError, told
from tui.history.records import ConversationRecord, TurnRecord
from tui.history.schema import upgrade

PATIENCE = 5.0
"""Seconds to wait for another program that is writing."""
KEPT_DELETED = 24 * 3600.0
"""Seconds after which a deleted conversation that nobody purged (a crash) goes for good."""
_HEADER = b"SQLite format 3\0"

_LISTED = """
    SELECT c.id, coalesce(c.title, (SELECT question FROM turns WHERE conversation = c.id ORDER BY id LIMIT 1), ''),
           c.updated, (SELECT count(*) FROM turns WHERE conversation = c.id)
    FROM conversations c
"""


class Store:
    """Reads and writes the file.

    Args:
        path: the file; made, readable by its owner alone, where there is none.

    Raises:
        HistoryError: it cannot be opened, is damaged, or is from a later wenbao. It is never overwritten.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with told(path):
            _make_private(path)
            self._connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            try:
                self._connection.execute("PRAGMA foreign_keys = ON")
                upgrade(self._connection, path)
                _write_ahead(self._connection)
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """For the search, which reads the same tables."""
        return self._connection

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def conversations(self) -> list[ConversationRecord]:
        """All that are kept and not deleted, the one talked in last first."""
        with told(self.path):
            rows = self._connection.execute(f"{_LISTED} WHERE c.deleted IS NULL ORDER BY c.updated DESC, c.id DESC")
            return [ConversationRecord(*row) for row in rows]

    def conversations_by_id(self, ids: Sequence[int]) -> dict[int, ConversationRecord]:
        """Those of the ids that are kept and not deleted."""
        with told(self.path):
            # A list of numbers, as SQLite's own JSON reads it: no statement of many question marks.
            where = "WHERE c.deleted IS NULL AND c.id IN (SELECT value FROM json_each(?))"
            rows = self._connection.execute(f"{_LISTED} {where}", (json.dumps(list(ids)),))
            return {row[0]: ConversationRecord(*row) for row in rows}

    def turns(self, conversation: int) -> list[TurnRecord]:
        """The turns of a conversation, oldest first; none where it is gone or deleted."""
        with told(self.path):
            rows = self._connection.execute(
                "SELECT t.id, t.question, t.asked, t.reply FROM turns t JOIN conversations c ON c.id = t.conversation"
                " WHERE c.id = ? AND c.deleted IS NULL ORDER BY t.id",
                (conversation,),
            )
            return [TurnRecord(*row) for row in rows]

    def recent_questions(self, limit: int) -> list[str]:
        """The questions asked last, over all conversations, oldest first, each once."""
        with told(self.path):
            rows = self._connection.execute(
                "SELECT t.question FROM turns t JOIN conversations c ON c.id = t.conversation"
                " WHERE c.deleted IS NULL GROUP BY t.question ORDER BY max(t.id) DESC LIMIT ?",
                (limit,),
            )
            return [row[0] for row in rows][::-1]

    def ask(self, conversation: int | None, question: str, asked: float) -> tuple[int, int]:
        """Keeps a question that has no answer yet. The same question left unanswered before is the same one.

        Args:
            conversation: where it belongs; None, or one that has been deleted: a new one.
            question: as it was typed.
            asked: seconds since 1970.

        Returns:
            The ids of conversation and turn.
        """
        question = storable(question)
        with told(self.path), self._transaction() as run:
            known = run.execute(
                "SELECT id FROM conversations WHERE id = ? AND deleted IS NULL", (conversation,)
            ).fetchone()
            if known is None:
                row = run.execute("INSERT INTO conversations (created, updated) VALUES (?, ?)", (asked, asked))
                conversation = row.lastrowid
            else:
                run.execute(
                    "DELETE FROM turns WHERE conversation = ? AND question = ? AND reply IS NULL",
                    (conversation, question),
                )
                run.execute("UPDATE conversations SET updated = max(updated, ?) WHERE id = ?", (asked, conversation))
            row = run.execute(
                "INSERT INTO turns (conversation, asked, question) VALUES (?, ?, ?)", (conversation, asked, question)
            )
            assert conversation is not None  # noqa: S101  # for the type checker: an inserted row has an id
            assert row.lastrowid is not None  # noqa: S101
            return conversation, row.lastrowid

    def settle(self, turn: int, reply: str, answer: str, quotes: Sequence[str], now: float) -> None:
        """Keeps the reply to a question; where the question is gone by now, nothing.

        Args:
            turn: the question's id.
            reply: the `AskResponse` as JSON.
            answer: its words.
            quotes: what it cites.
            now: seconds since 1970.
        """
        quoted = json.dumps([storable(quote) for quote in quotes], ensure_ascii=False)
        with told(self.path), self._transaction() as run:
            run.execute(
                "UPDATE turns SET reply = ?, answer = ?, quotes = ? WHERE id = ?",
                (storable(reply), storable(answer), quoted, turn),
            )
            run.execute("DELETE FROM passages WHERE turn = ?", (turn,))  # it has to be made searchable again
            run.execute(
                "UPDATE conversations SET updated = max(updated, ?)"
                " WHERE id = (SELECT conversation FROM turns WHERE id = ?)",
                (now, turn),
            )

    def rename(self, conversation: int, title: str) -> None:
        """Gives a conversation a name; a blank one gives it back its first question."""
        title = " ".join(storable(title).split())
        with told(self.path), self._transaction() as run:
            run.execute("UPDATE conversations SET title = ? WHERE id = ?", (title or None, conversation))

    def delete(self, conversation: int) -> None:
        """Deletes a conversation; `restore` brings it back until it is purged."""
        with told(self.path), self._transaction() as run:
            run.execute("UPDATE conversations SET deleted = ? WHERE id = ?", (time.time(), conversation))

    def restore(self, conversation: int) -> None:
        """Takes a deletion back."""
        with told(self.path), self._transaction() as run:
            run.execute("UPDATE conversations SET deleted = NULL WHERE id = ?", (conversation,))

    def purge(self, conversations: Sequence[int] = ()) -> None:
        """Removes deleted conversations for good: those given, and any that were deleted long ago."""
        with told(self.path), self._transaction() as run:
            run.execute(
                "DELETE FROM conversations WHERE deleted < ?"
                " OR deleted IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
                (time.time() - KEPT_DELETED, json.dumps(list(conversations))),
            )

    def _transaction(self) -> _Transaction:
        return _Transaction(self._connection)


class _Transaction:
    """A write transaction; it takes its lock at once, so that it never has to give way half-way."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:  # a full disk has rolled it back already
            self._connection.execute("ROLLBACK")


def _make_private(path: Path) -> None:
    """Makes the folder and the file where they are missing, for the owner's eyes only.

    Raises:
        HistoryError: there is a file, and it is something else.
    """
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives the files beside it the same mode.
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))
    with path.open("rb") as file:
        start = file.read(len(_HEADER))
    # SQLite would take a few bytes of something else for an empty database, and write over them.
    if start and start != _HEADER:
        raise HistoryError(Fault.BROKEN, path)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Readers and a writer at the same time. Two programs that open a new file at once get in each other's way here,
    and SQLite does not wait by itself."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def storable(text: str) -> str:
    """The text without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
