"""The texts that were taken out of files of other forms, as a generation keeps them, and where their pages begin."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from rag.errors import NotFound

Read = Callable[..., list[Any]]
"""Runs a query with its values on the generation's database and returns the rows."""


class Sources:
    """The kept texts of one generation, which is handed in with each call: holding on to it would be a cycle."""

    def __init__(self) -> None:
        self._is_kept: bool | None = None
        self._page_starts: dict[str, list[int]] = {}

    def text(self, read: Read, source: str) -> str:
        """The text of a file.

        Raises:
            NotFound: none is kept of it.
        """
        rows = read("SELECT text FROM sources WHERE file = ?", source) if self._has_table(read) else []
        if not rows:
            raise NotFound(
                f"the index keeps no text of {source!r}",
                hint="It keeps those of PDF, HTML, Word and EPUB files that are in it; of other files, the text is the "
                "file itself. `wenbao search` shows what there is.",
            )
        return str(rows[0][0])

    def page_at(self, read: Read, source: str, offset: int) -> int | None:
        """The printed page, from 1, that a source offset lies on; None where the source has no pages."""
        starts = self._page_starts.get(source)
        if starts is None:
            query = "SELECT page_starts FROM sources WHERE file = ?"
            rows = read(query, source) if self._has_table(read) else []
            starts = self._page_starts[source] = json.loads(rows[0][0]) if rows else []
        return bisect_right(starts, offset) or None

    def _has_table(self, read: Read) -> bool:
        """False for an index of a wenbao that read no such files."""
        if self._is_kept is None:
            self._is_kept = bool(read("SELECT 1 FROM sqlite_master WHERE name = 'sources'"))
        return self._is_kept
