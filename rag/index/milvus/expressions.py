"""Restrictions as Milvus's filter expressions. They may let through more than was asked for, never less."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from rag.index.legs.base import Restriction, restriction_of
from rag.index.storage.listing import date_range
from rag.types import Filters

LONGEST_TEXT = 65_535
"""Bytes of a text in Milvus."""
MOST_LISTED = 4_096
"""Values that an expression lists at most; a longer list is left out, and what comes back is sorted out here."""


def expression_of(mask: NDArray[np.bool_] | None, entities: NDArray[np.int64]) -> str:
    """What Milvus is to look among for a mask; empty for everything.

    Args:
        mask: (n,) true for the rows that may be returned.
        entities: (n,) the numbers of the rows' entities.
    """
    if mask is None:
        return ""
    restriction = restriction_of(mask)
    if restriction is None:
        rows = np.flatnonzero(mask)
        return among(entities[rows].tolist()) if len(rows) <= MOST_LISTED else ""
    return restricted(restriction)


def among(entities: Iterable[int]) -> str:
    """Only these entities."""
    return f"id in [{','.join(map(str, entities))}]"


def restricted(restriction: Restriction) -> str:
    """Only what a restriction lets through, as far as it can be said."""
    filters = restriction.filters
    parts = [
        _any_of(map(_source, filters.sources)),
        _listed("place", restriction.places),
        _dates(filters),
        _listed("article_id", filters.article_ids or None),
        _any_of(map(_printed, restriction.printed)),
    ]
    return " and ".join(part for part in parts if part)


def _source(name: str) -> str:
    if name.endswith("/"):
        return f"source like {_quoted(_escaped(name) + '%')}"
    return f"source == {_quoted(name)} or source like {_quoted(_escaped(name) + '#%')}"


def _dates(filters: Filters) -> str:
    if not (filters.date_from or filters.date_to):
        return ""
    first, last = (date.fromisoformat(day).toordinal() for day in date_range(filters.date_from, filters.date_to))
    return f"(first_day > 0 and first_day <= {last} and last_day >= {first})"


def _printed(days: tuple[int, int, int]) -> str:
    """A date that overlaps the days, or begins after them and ends soon."""
    low, high, latest = days
    overlaps = f"(first_day <= {high} and last_day >= {low})"
    return f"first_day > 0 and ({overlaps} or (first_day > {high} and last_day <= {latest}))"


def _listed(field: str, values: Sequence[str] | None) -> str:
    if values is None or len(values) > MOST_LISTED:
        return ""
    return f"{field} in [{','.join(map(_quoted, values))}]"


def _any_of(parts: Iterable[str]) -> str:
    joined = " or ".join(f"({part})" for part in parts)
    return f"({joined})" if joined else ""


def _escaped(text: str) -> str:
    """A sign that stands for others in a pattern stands for any one sign here: more is let through, never less."""
    return "".join("_" if sign in '%\\"' else sign for sign in text)


def clipped(text: str) -> str:
    """A text as far as Milvus takes it."""
    return text.encode(errors="replace")[:LONGEST_TEXT].decode(errors="ignore")


def _quoted(text: str) -> str:
    return json.dumps(clipped(text), ensure_ascii=False)
