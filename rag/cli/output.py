"""Printing: data to stdout, notes to stderr, and nothing that could steer a terminal.

Text of articles goes to a file or pipe character by character. On a terminal, control characters and those that turn
the direction of writing are shown as �: a page must not be able to clear the screen or to forge what stands on it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pydantic import BaseModel

    from rag.types import Citation, Hit, Skipped

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """The text with everything that steers a terminal replaced, and half surrogates, which no stream can carry."""
    return _STEERING.sub(_REPLACEMENT, text).encode("utf-8", "replace").decode("utf-8")


def write(text: str) -> None:
    """A line, or several, of data."""
    _put(printable(text) if sys.stdout.isatty() else text)


def write_json(model: BaseModel) -> None:
    """A reply as the API sends it, and a newline."""
    text = model.model_dump_json()
    if sys.stdout.isatty():
        text = _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    _put(text)


def note(text: str) -> None:
    """Something for the reader that is no data."""
    click.echo(f"note: {printable(text)}", err=True)


def citation_line(citation: Citation) -> str:
    """`[1] title · byline · source · quote`, what is empty left out."""
    return f"[{citation.n}] " + _joined((citation.title, citation.byline, citation.source, citation.quote))


def hit_lines(hit: Hit) -> str:
    """Where a passage stands and how it was found, the passage, and a line for everyone else who prints the report."""
    ranks = _joined(
        f"{leg} {rank}"
        for leg, rank in (("dense", hit.ranks.dense), ("lexical", hit.ranks.lexical))
        if rank is not None
    )
    article = hit.article
    place = "".join(article.place)
    head = _joined(
        (article.title, article.byline, place, article.date or "", article.source, f"{hit.score:.3f}", ranks)
    )
    copies = [_joined((other.title, other.byline, other.date or "", other.source)) for other in hit.others]
    return "\n".join((f"{hit.rank}. {head}", f"   {hit.chunk.text}", *(f"   = {copy}" for copy in copies)))


def skipped_lines(skipped: Iterable[Skipped]) -> list[str]:
    """A line for everything that was left out."""
    return [f"skipped {item.where}: {item.reason}" for item in skipped]


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)


def _put(text: str) -> None:
    # UTF-8 whatever the locale: what we print is Chinese, and half of it in question marks would be no data.
    stream = sys.stdout
    if hasattr(stream, "buffer"):
        stream.flush()
        stream.buffer.write(f"{text}\n".encode("utf-8", "backslashreplace"))
        stream.buffer.flush()
    else:
        stream.write(f"{text}\n")
