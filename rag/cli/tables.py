"""Columns of text, a Chinese character two columns wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> list[str]:
    """Lines with their cells two blanks apart.

    Args:
        left: columns that begin at the same place; the others, being figures, end there.
    """
    widths = [max(width(row[at]) for row in (header, *rows)) for at in range(len(header))]
    return [
        "  ".join(_padded(cell, widths[at], at in left) for at, cell in enumerate(row)).rstrip()
        for row in (header, *rows)
    ]


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(cell: str, columns: int, left: bool) -> str:
    blanks = " " * (columns - width(cell))
    return cell + blanks if left else blanks + cell
