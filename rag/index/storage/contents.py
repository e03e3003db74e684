"""What an index holds, counted: its folders and files level by level, and the places that its articles are about."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

from rag.types import PlaceCount, SourceCount, SourceList


class Contents:
    """Counts over all articles; made once for a generation, which never changes.

    Args:
        rows: article_id, source and place as JSON of every article.
    """

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self._levels: dict[str, Counter[str]] = {}
        self._places: Counter[tuple[str, ...]] = Counter()
        files: Counter[str] = Counter()
        named: Counter[str] = Counter()
        for article_id, source, place in rows:
            # A record's source is its file and its id; a file of its own may have the sign in its name.
            files[source.removesuffix(f"#{article_id}")] += 1
            named[place] += 1
        for path, count in files.items():
            self._add_file(path, count)
        for place, count in named.items():
            parts = tuple(json.loads(place))
            for depth in range(1, len(parts) + 1):
                self._places[parts[:depth]] += count

    def _add_file(self, path: str, count: int) -> None:
        above, start = "", 0
        while (slash := path.find("/", start)) >= 0:
            folder = path[: slash + 1]
            self._levels.setdefault(above, Counter())[folder] += count
            above, start = folder, slash + 1
        self._levels.setdefault(above, Counter())[path] += count

    def sources(self, under: str, limit: int, cursor: str | None) -> SourceList:
        """One level of the tree of sources: folders first, each kind by name.

        Args:
            under: a folder ending in `/`; empty for the uppermost level.
            limit: how many at most.
            cursor: `next_cursor` of the page before, which is the last source of it.
        """
        level = self._levels.get(under, Counter())
        ordered = sorted(level, key=_order)
        start = bisect_right(ordered, _order(cursor), key=_order) if cursor else 0
        page = ordered[start : start + limit]
        following = page[-1] if page and start + limit < len(ordered) else None
        return SourceList(tuple(SourceCount(source, level[source]) for source in page), following)

    def places(self, q: str | None, under: str | None, limit: int) -> tuple[PlaceCount, ...]:
        """The places with the most articles, those of the places within them among theirs.

        Args:
            q: characters of the place's name; None or blank takes every name.
            under: the place right above, its names from the province down joined by `/`, empty for the provinces; None
                takes places of every level.
            limit: how many at most.
        """
        wanted = (q or "").strip()
        above = None if under is None else tuple(part for part in under.split("/") if part)
        fitting = [path for path in self._places if wanted in path[-1] and above in (None, path[:-1])]
        fitting.sort(key=lambda path: (-self._places[path], path))
        return tuple(PlaceCount(path, self._places[path]) for path in fitting[:limit])


def _order(source: str) -> tuple[bool, str]:
    return not source.endswith("/"), source
