"""The tables that conversations are kept in, and how older files become newer ones.

`turns.reply` is the wire model's JSON. `passages` and `words` are made from it for searching and can be made again;
a turn without a row in `passages` has not been made searchable yet.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from tui.history.failures import Fault, HistoryError

APPLICATION_ID = 0x77656E62
"""Marks the file as wenbao's; the letters "wenb"."""

# Everything that is no blank is part of a word: terms come cut, and blanks are put between them.
_TOKENIZER = "unicode61 remove_diacritics 0 categories ''L* M* N* P* S* Co''"

STEPS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE conversations (
            id INTEGER PRIMARY KEY,
            title TEXT,  -- null: not named by the reader
            created REAL NOT NULL,
            updated REAL NOT NULL,
            deleted REAL  -- null: not deleted
        )
        """,
        """
        CREATE TABLE turns (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
            asked REAL NOT NULL,
            question TEXT NOT NULL,
            answer TEXT NOT NULL DEFAULT '',
            quotes TEXT NOT NULL DEFAULT '[]',  -- a JSON list
            reply TEXT  -- null: no answer came
        )
        """,
        "CREATE INDEX turns_of ON turns (conversation, id)",
        """
        CREATE TABLE passages (
            turn INTEGER PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE,
            conversation INTEGER NOT NULL,
            version TEXT NOT NULL,  -- of the analysis
            folded TEXT NOT NULL  -- question, answer and quotes, a line each
        )
        """,
        f"CREATE VIRTUAL TABLE words USING fts5 (question, answer, quotes, detail=column, tokenize='{_TOKENIZER}')",
        """
        CREATE TRIGGER turn_forgotten AFTER DELETE ON turns BEGIN
            DELETE FROM words WHERE rowid = old.id;
        END
        """,
    ),
)
"""What turns version n of the file into version n + 1; append, never change."""


def upgrade(connection: sqlite3.Connection, path: Path, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Brings a file to the newest version, all of it or nothing.

    Args:
        connection: in autocommit mode.
        path: the file, for messages.
        steps: the way from an empty file to the newest version.

    Raises:
        HistoryError: a newer wenbao wrote the file, or it is not wenbao's; it is left as it is.
    """
    if _version(connection, path) == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path)  # another wenbao may have been faster
        if version > len(steps):
            raise HistoryError(Fault.NEWER, path, f"{version} > {len(steps)}")
        for statements in steps[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """How many steps the file has taken.

    Raises:
        HistoryError: it holds something else.
    """
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application_id != APPLICATION_ID and (tables or application_id or version):
        raise HistoryError(Fault.BROKEN, path)
    return version
