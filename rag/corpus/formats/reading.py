"""Which reader reads which kind of file; what one cannot read becomes a `Skipped`, whatever the file holds."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from rag.corpus.formats.base import Extracted, Unreadable
from rag.types import Layout, Page, Skipped

DOCUMENT_SUFFIXES = (".pdf", ".html", ".htm", ".docx", ".epub")


def read_document(path: Path, source: str) -> Iterator[Page | Skipped]:
    """The text of one document, and what was left out of it.

    Args:
        path: the file, whose name ends in one of `DOCUMENT_SUFFIXES` unless it is reached through a link.
        source: its name in the corpus.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        found = _reader(source)(path)
    except Unreadable as problem:
        yield Skipped(source, str(problem))
        return
    except (ValueError, KeyError, LookupError, RuntimeError, RecursionError, struct.error) as error:
        # What damaged files make the libraries say; a defect of ours among it is named, and stops no other file.
        yield Skipped(source, f"is damaged in a way that was not foreseen ({type(error).__name__}: {error})")
        return
    yield Page(source, found.text, layout=Layout(found.sections, found.page_starts))
    for remark in found.remarks:
        yield Skipped(source, remark)


def _reader(source: str) -> Callable[[Path], Extracted]:
    # Each takes a library along that nobody needs who has no such file.
    lowered = source.lower()
    if lowered.endswith(".pdf"):
        from rag.corpus.formats.pdf import read_pdf

        return read_pdf
    if lowered.endswith(".docx"):
        from rag.corpus.formats.docx import read_docx

        return read_docx
    if lowered.endswith(".epub"):
        from rag.corpus.formats.epub import read_epub

        return read_epub
    from rag.corpus.formats.html import read_html

    return read_html
