"""What sets the articles of two generations apart: added, changed, moved, removed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rag.types import ArticleChange, GenerationChanges


def article_changes(database: sqlite3.Connection, previous: Path | None) -> list[ArticleChange]:
    """How the articles of a database differ from those of another, in corpus order, what is gone last.

    An article that is gone while one of the same headline and text is new has moved.

    Args:
        database: holds the articles as they are now.
        previous: file of the database as it was before; None where there is none.
    """
    if previous is None:
        before: dict[str, _Facts] = {}
    else:
        with closing(sqlite3.connect(f"{previous.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as old:
            before = _facts(old)
    return list(_compared(before, _facts(database)))


def generation_changes(since: str, previous: Path, present: Path) -> GenerationChanges | None:
    """How many articles of one database differ from those of another; None where one of them is gone or damaged.

    Args:
        since: the id of the earlier generation.
        previous: its database.
        present: that of the later one.
    """
    try:
        with closing(sqlite3.connect(f"{present.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            kinds = Counter(change.kind for change in article_changes(database, previous))
    except sqlite3.Error:  # an earlier generation may be swept away at any time
        return None
    return GenerationChanges(since, kinds["added"], kinds["changed"], kinds["moved"], kinds["removed"])


@dataclass(frozen=True, slots=True)
class _Facts:
    """What tells whether an article is the same as before."""

    title: str
    source: str
    text: int
    """Hash of the text, of this process."""
    rest: int
    """Hash of all else that is shown or searched."""


def _facts(database: sqlite3.Connection) -> dict[str, _Facts]:
    rows = database.execute(
        "SELECT article_id, title, source, text, kicker, byline, place, date, kind, url FROM articles ORDER BY ordinal"
    )
    return {
        article_id: _Facts(title, source, hash(text), hash(tuple(rest)))
        for article_id, title, source, text, *rest in rows
    }


def _compared(before: dict[str, _Facts], after: dict[str, _Facts]) -> Iterator[ArticleChange]:
    gone = {name: facts for name, facts in before.items() if name not in after}
    by_content: dict[tuple[str, int], list[str]] = {}
    for name, facts in gone.items():
        by_content.setdefault((facts.title, facts.text), []).append(name)
    for name, facts in after.items():
        old = before.get(name)
        if old == facts:
            continue
        same = by_content.get((facts.title, facts.text)) if old is None else None
        if same:
            was = gone.pop(same.pop(0)).source
            yield ArticleChange("moved", name, facts.title, facts.source, was)
        elif old is not None and (old.text, old.rest, old.title) == (facts.text, facts.rest, facts.title):
            yield ArticleChange("moved", name, facts.title, facts.source, old.source)
        else:
            yield ArticleChange("added" if old is None else "changed", name, facts.title, facts.source)
    for name, facts in gone.items():
        yield ArticleChange("removed", name, facts.title, facts.source)
