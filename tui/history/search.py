"""Looks inside kept conversations: questions, answers, quotes, and the names that the reader gave.

Two ways meet. A scan of the folded text finds every place that holds all parts of the query, even part of a word or a
single character. The words of the query, cut as the index cuts them, find turns that say the same in another order,
and rank both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from heapq import nsmallest

from tui.history.failures import told
from tui.history.folding import Analysis, Folder
from tui.history.records import Field, Findings, Found
from tui.history.store import Store, storable
from tui.text.quotes import Span

LIMIT = 100
"""Places that are looked up in full; nobody reads more."""
MAX_QUERY = 200
"""Characters of a query that count; SQLite takes only so many conditions."""
BATCH = 200
"""Turns made searchable in one transaction, so that another writer waits for milliseconds only."""

# A word in the question says more about a turn than one in its answer, which quotes whole sentences.
_BEST_FIRST = "bm25(words, 4.0, 2.0, 1.0)"


_Match = tuple[bool, float, int, int]
"""A turn that was found: whether only its words were, not all parts of the query; its BM25 as FTS5 gives it (below 0,
lower is better; 0 where the words are not known); its id, negative; the conversation's id. So the best comes first, and
of equals the newest."""


class Search:
    """Searches a store, in the thread that opened it.

    Args:
        store: what is searched; turns that are not searchable yet are made so here.
        analysis: how text is folded and cut.
    """

    def __init__(self, store: Store, analysis: Analysis) -> None:
        self._store = store
        self._analysis = analysis
        self._folder = Folder(analysis)
        self._seen: int | None = None
        """The state of the file, by SQLite's count, in which nothing was left to make searchable."""

    def close(self) -> None:
        """Closes the store."""
        self._store.close()

    def interrupt(self) -> None:
        """Calls off what is running; may be called from any thread."""
        self._store.connection.interrupt()

    def catch_up(self) -> int:
        """Makes searchable what is not yet, or was by another analysis.

        Returns:
            How many turns it did.
        """
        done = 0
        with told(self._store.path):
            # Counts what others have written, this connection's own writing not included.
            state = self._store.connection.execute("PRAGMA data_version").fetchone()[0]
            while state != self._seen:
                rows = self._store.connection.execute(*self._pending()).fetchall()
                self._index(rows)
                done += len(rows)
                if not rows:
                    self._seen = state
            return done

    def find(self, query: str) -> Findings:
        """What holds the query, best first; nothing for a blank one.

        Raises:
            HistoryError: the file cannot be read.
            Interrupted: a newer query has come.
        """
        query = storable(query[:MAX_QUERY])
        parts = self._folder.parts(query)
        if not parts:
            return Findings(query, (), 0)
        self.catch_up()
        with told(self._store.path):
            words = tuple(dict.fromkeys(self._analysis.words(query)))
            titles = self._titles(parts)
            matches = self._matches(parts, words)
            best = nsmallest(max(LIMIT - len(titles), 0), matches)
            found = [*titles, *self._looked_up(best, parts, words)]
            return Findings(query, tuple(found[:LIMIT]), len(titles) + len(matches))

    def _pending(self) -> tuple[str, tuple[object, ...]]:
        """Turns to make searchable. Plain folding leaves alone what a better analysis has done."""
        missing = (
            "SELECT id, turns.conversation, question, answer, quotes FROM turns LEFT JOIN passages ON turn = id"
            " WHERE turn IS NULL"
        )
        if not self._analysis.version:
            return f"{missing} LIMIT ?", (BATCH,)
        return f"{missing} OR version <> ? LIMIT ?", (self._analysis.version, BATCH)

    def _index(self, rows: Iterable[tuple[int, int, str, str, str]]) -> None:
        run, analysis = self._store.connection, self._analysis
        passages, words = [], []
        for turn, conversation, question, answer, quotes in rows:
            fields = (question, answer, "\n".join(json.loads(quotes)))
            passages.append((turn, conversation, analysis.version, self._folder.fold("\n".join(fields)), turn))
            words.append((turn, *(" ".join(analysis.words(field)) for field in fields)))
        run.execute("BEGIN IMMEDIATE")
        try:
            # Another program may have deleted a turn since it was read.
            run.executemany(
                "INSERT OR REPLACE INTO passages SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM turns WHERE id = ?)",
                passages,
            )
            run.executemany("DELETE FROM words WHERE rowid = ?", [(row[0],) for row in words])
            if analysis.version:
                run.executemany("INSERT INTO words (rowid, question, answer, quotes) VALUES (?, ?, ?, ?)", words)
            run.execute("COMMIT")
        finally:
            if run.in_transaction:
                run.execute("ROLLBACK")

    def _titles(self, parts: Sequence[str]) -> list[Found]:
        """Conversations whose given name holds all parts, newest first."""
        rows = self._store.connection.execute(
            "SELECT id, title FROM conversations WHERE title IS NOT NULL AND deleted IS NULL"
            " ORDER BY updated DESC, id DESC"
        )
        named = [(row[0], row[1]) for row in rows if self._holds(row[1], parts)]
        known = self._store.conversations_by_id([row[0] for row in named])
        return [
            Found(known[id_], None, Field.TITLE, title, self._folder.ranges(title, parts))
            for id_, title in named
            if id_ in known
        ]

    def _holds(self, text: str, parts: Sequence[str]) -> bool:
        folded = self._folder.fold(text)
        return all(part in folded for part in parts)

    def _matches(self, parts: Sequence[str], words: Sequence[str]) -> list[_Match]:
        run = self._store.connection
        everywhere = " AND ".join(["instr(folded, ?)"] * len(parts))
        kept = "SELECT id FROM conversations WHERE deleted IS NULL"
        scanned = run.execute(
            f"SELECT turn, conversation FROM passages WHERE {everywhere} AND conversation IN ({kept})",  # noqa: S608  # question marks only
            parts,
        )
        whole: dict[int, int] = dict(scanned.fetchall())
        scores: dict[int, float] = {}
        if words:
            # In quotation marks a term is a term and never an operator.
            wanted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
            ranked = run.execute(f"SELECT rowid, {_BEST_FIRST} FROM words WHERE words MATCH ?", (wanted,))  # noqa: S608  # a constant
            scores = dict(ranked.fetchall())
        found = [(False, scores.get(turn, 0.0), -turn, conversation) for turn, conversation in whole.items()]
        others = json.dumps([turn for turn in scores if turn not in whole])
        rows = run.execute(
            f"SELECT turn, conversation FROM passages WHERE turn IN (SELECT value FROM json_each(?))"  # noqa: S608
            f" AND conversation IN ({kept})",
            (others,),
        )
        return found + [(True, scores[turn], -turn, conversation) for turn, conversation in rows]

    def _looked_up(self, matches: Sequence[_Match], parts: Sequence[str], words: Sequence[str]) -> list[Found]:
        ids = json.dumps([-turn for _, _, turn, _ in matches])
        rows = self._store.connection.execute(
            "SELECT id, question, answer, quotes FROM turns WHERE id IN (SELECT value FROM json_each(?))", (ids,)
        )
        texts = {row[0]: _fields(*row[1:]) for row in rows}
        known = self._store.conversations_by_id([conversation for _, _, _, conversation in matches])
        found = []
        for by_words, _, turn, conversation in matches:
            if -turn in texts and conversation in known:
                field, text, ranges = self._place(texts[-turn], words if by_words else parts)
                found.append(Found(known[conversation], -turn, field, text, ranges))
        return found

    def _place(self, fields: Sequence[tuple[Field, str]], wanted: Sequence[str]) -> tuple[Field, str, tuple[Span, ...]]:
        """The part of a turn to show: the first that holds most of what is wanted."""
        most, (field, text) = 0, fields[0]
        for one, held in fields:
            folded = self._folder.fold(held)
            count = sum(part in folded for part in wanted)
            if count > most:
                most, field, text = count, one, held
            if most == len(wanted):
                break
        return field, text, self._folder.ranges(text, wanted)


def _fields(question: str, answer: str, quotes: str) -> list[tuple[Field, str]]:
    """A turn's texts, in the order in which they are preferred."""
    quoted = [(Field.QUOTE, quote) for quote in json.loads(quotes)]
    return [(Field.QUESTION, question), (Field.ANSWER, answer), *quoted]
