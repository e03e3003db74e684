"""Printing: data to stdout, notes to stderr, and nothing that could steer a terminal.

What reads like text is shown without control characters and those that turn the direction of writing, each as �: a page
must not be able to clear the screen or to forge what stands on it, and what goes into a pipe comes to a terminal later.
`--json` says every character, those as escapes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from rag.steering import inert_json, one_line, printable

if TYPE_CHECKING:
    from pydantic import BaseModel

    from rag.types import Citation, Hit, Skipped

__all__ = ["citation_line", "hit_lines", "note", "printable", "skipped_lines", "write", "write_json", "write_pages"]


def write(text: str) -> None:
    """A line, or several, of data."""
    _put(printable(text))


def write_pages(text: str) -> None:
    """A long text as it is kept, character for character, the form feeds between its pages included."""
    _put("\f".join(map(printable, text.removesuffix("\n").split("\f"))))


def write_json(model: BaseModel) -> None:
    """A reply as the API sends it, and a newline."""
    _put(inert_json(model.model_dump_json()))


def note(text: str) -> None:
    """Something for the reader that is no data."""
    click.echo(f"note: {printable(text)}", err=True)


def citation_line(citation: Citation) -> str:
    """`[1] title · byline · source · quote`, what is empty left out; the page behind the source where it has one."""
    source = citation.source if citation.page is None else f"{citation.source} p. {citation.page}"
    return f"[{citation.n}] " + _joined((citation.title, citation.byline, source, citation.quote))


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
    return [f"skipped {one_line(item.where)}: {one_line(item.reason)}" for item in skipped]


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(one_line(part) for part in parts if part)


def _put(text: str) -> None:
    # UTF-8 whatever the locale: what we print is Chinese, and half of it in question marks would be no data.
    stream = sys.stdout
    if hasattr(stream, "buffer"):
        stream.flush()
        stream.buffer.write(f"{text}\n".encode("utf-8", "backslashreplace"))
        stream.buffer.flush()
    else:
        stream.write(f"{text}\n")
