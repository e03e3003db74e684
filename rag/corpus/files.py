"""Corpus → files → decoded pages and records. Offsets count from here: a page's text is the file as decoded.

A `.txt` or `.md` file is one page, a `.jsonl` or `.jsonl.gz` file a record a line; `rag.corpus.formats` takes the text
out of documents of other forms. Bytes are UTF-8 with or without a mark (which is no part of the text), else GB18030;
newlines stay as in the file. What cannot be read is a `Skipped` with the reason, never an exception and never silent.
Nothing outside the corpus is opened.
"""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from rag.corpus.formats.reading import DOCUMENT_SUFFIXES, read_document
from rag.corpus.records import records_of
from rag.errors import CorpusError, CorpusMissing
from rag.types import Page, Skipped

PAGE_SUFFIXES = (".txt", ".md")
RECORD_SUFFIXES = (".jsonl", ".jsonl.gz")
SUFFIXES = (*PAGE_SUFFIXES, *DOCUMENT_SUFFIXES, *RECORD_SUFFIXES)
"""Of every kind that is read."""

Kind = Literal["page", "document", "records"]

MAX_BYTES = 512 * 1024 * 1024
"""Largest page, and largest line of a JSONL file: beyond it, memory would run out before the reader is told why."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes(code for code in range(32) if chr(code) not in "\t\n\v\f\r\x1a\x1b")
_MAX_CONTROL_SHARE = 0.02
_SNIFFED_BYTES = 4096
_FRONT_MATTER = "---"
_MISSING_HINT = "Name an existing folder or file: `wenbao index FOLDER`, the `corpus` setting or WENBAO_CORPUS."


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file to read."""

    path: Path
    """The real file, links resolved."""
    source: str
    """Its name in the corpus, `/` between folders."""
    kind: Kind
    size: int
    """Bytes."""
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class CorpusListing:
    """What is in a corpus at sight, nothing read yet."""

    root: Path
    files: tuple[CorpusFile, ...]
    """In the order of their sources, folder by folder."""
    skipped: tuple[Skipped, ...]
    """In the same order; hidden files and folders are ignored and not named."""


def read_corpus(path: Path) -> CorpusListing:
    """Lists the files of a corpus: a folder, read recursively, or one file.

    Raises:
        CorpusMissing: there is nothing at `path`.
        CorpusError: it is there and cannot be looked into.
    """
    try:
        root = Path(path).resolve(strict=True)
        is_folder = root.is_dir()
        found = _walk(root, root, "") if is_folder else [_look(root, Path(path).name or root.name)]
        entries = sorted(found, key=lambda entry: _source(entry).split("/"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CorpusMissing(f"there is no corpus at {path}", hint=_MISSING_HINT) from error
    except PermissionError as error:
        raise CorpusError(
            f"no permission to read the corpus at {path}",
            hint=f"Give yourself the right to read it (`ls -ld {path}` shows who has it), or copy it elsewhere.",
        ) from error
    except (OSError, RuntimeError) as error:  # a loop of links is one or the other, depending on the Python
        raise CorpusError(f"cannot look into the corpus at {path}: {error}", hint=_MISSING_HINT) from error
    return CorpusListing(
        root=root if is_folder else root.parent,
        files=tuple(entry for entry in entries if isinstance(entry, CorpusFile)),
        skipped=tuple(entry for entry in entries if isinstance(entry, Skipped)),
    )


def read_pages(file: CorpusFile, seen: MutableMapping[str, str] | None = None) -> Iterator[Page | Skipped]:
    """The page, the document or the records of one file, with what was left out where it stood.

    Args:
        file: one of a listing's.
        seen: record ids that are taken already, each with where; extended. Give every file of a corpus the same
            mapping and ids are unique in the corpus; without it they are unique in the file.
    """
    try:
        if file.kind == "page":
            yield from _read_page(file)
        elif file.kind == "document":
            yield from _read_document(file)
        else:
            yield from _read_records(file, {} if seen is None else seen)
    except OSError as error:
        yield Skipped(file.source, f"cannot be read: {error.strerror or error}")


def _source(entry: CorpusFile | Skipped) -> str:
    return entry.source if isinstance(entry, CorpusFile) else entry.where


def _walk(folder: Path, root: Path, prefix: str) -> Iterator[CorpusFile | Skipped]:
    """Everything below `folder`, hidden entries left out. Only `root` itself may fail to open."""
    with os.scandir(folder) as entries:
        names = sorted((entry.name, _is_folder(entry), entry.is_symlink()) for entry in entries)
    for name, is_folder, is_link in names:
        if name.startswith("."):
            continue
        path, source = folder / name, f"{prefix}{name}"
        if is_link and not _within(path, root):
            yield Skipped(_printable(source), "is a link that leads outside the corpus, or nowhere")
        elif is_link and is_folder:
            yield Skipped(_printable(source), "is a link to a folder of the corpus, which is read where it stands")
        elif is_folder:
            yield from _walk_below(path, root, source)
        else:
            yield _look(path, source)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links that go round in a circle
        return False


def _walk_below(folder: Path, root: Path, source: str) -> Iterator[CorpusFile | Skipped]:
    try:
        yield from _walk(folder, root, f"{source}/")
    except OSError as error:
        yield Skipped(_printable(source), f"is a folder that cannot be read: {error.strerror or error}")


def _look(path: Path, source: str) -> CorpusFile | Skipped:
    """A file at sight: to be read, or why not."""
    where = _printable(source)
    kind = _kind(source)
    if where != source:
        return Skipped(where, "has a name that is not UTF-8")
    if kind is None:
        return Skipped(where, f"is not a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file")
    try:
        real = path.resolve(strict=True)
        facts = real.stat()
    except OSError as error:
        return Skipped(where, f"cannot be read: {error.strerror or error}")
    if not stat.S_ISREG(facts.st_mode):
        return Skipped(where, "is not a regular file")
    if not facts.st_size:
        return Skipped(where, "is empty")
    if not os.access(real, os.R_OK):
        return Skipped(where, "cannot be read: Permission denied")
    return CorpusFile(real, source, kind, facts.st_size, facts.st_mtime_ns)


def _kind(name: str) -> Kind | None:
    lowered = name.lower()
    if lowered.endswith(PAGE_SUFFIXES):
        return "page"
    if lowered.endswith(DOCUMENT_SUFFIXES):
        return "document"
    return "records" if lowered.endswith(RECORD_SUFFIXES) else None


def _within(link: Path, root: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _printable(name: str) -> str:
    """The name with bytes that are not UTF-8 written out, so that every report can carry it."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _read_page(file: CorpusFile) -> Iterator[Page | Skipped]:
    """The page of a text; Markdown that opens with front matter is an article of its own."""
    page = _too_large(file) or _decoded_page(file)
    if isinstance(page, Page) and file.source.lower().endswith(".md") and page.text.startswith(_FRONT_MATTER):
        from rag.corpus.formats.frontmatter import front_matter

        layout, remark = front_matter(page.text)
        yield replace(page, layout=layout)
        if remark:
            yield Skipped(file.source, remark)
    else:
        yield page


def _read_document(file: CorpusFile) -> Iterator[Page | Skipped]:
    too_large = _too_large(file)
    if too_large is not None:
        yield too_large
    else:
        yield from read_document(file.path, file.source)


def _too_large(file: CorpusFile) -> Skipped | None:
    if file.size <= MAX_BYTES:
        return None
    return Skipped(file.source, f"is larger than {MAX_BYTES // 1024**2} MiB; cut it into several files")


def _decoded_page(file: CorpusFile) -> Page | Skipped:
    data = file.path.read_bytes()
    if data.startswith(_UTF16_MARKS):
        return Skipped(file.source, "is UTF-16; save it as UTF-8")
    if _is_binary(data):
        return Skipped(file.source, "is a binary file, not text")
    text = _decoded(data)
    if text is None:
        return Skipped(file.source, "is neither UTF-8 nor GB18030 text")
    if not text.strip():
        return Skipped(file.source, "holds nothing but white space")
    return Page(source=file.source, text=text)


def _decoded(data: bytes) -> str | None:
    # utf-8-sig takes one mark off and reads the rest as UTF-8.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _is_binary(data: bytes) -> bool:
    """Zero bytes, or more control characters than any text has. GB18030 alone would take much for text that is not."""
    controls = len(data) - len(data.translate(None, _CONTROLS))
    return b"\0" in data or controls > _MAX_CONTROL_SHARE * len(data)


def _read_records(file: CorpusFile, seen: MutableMapping[str, str]) -> Iterator[Page | Skipped]:
    is_packed = file.source.lower().endswith(".gz")
    anything = False
    try:
        with gzip.open(file.path) if is_packed else file.path.open("rb") as stream:
            if b"\0" in stream.peek(_SNIFFED_BYTES)[:_SNIFFED_BYTES]:
                yield Skipped(file.source, "is a binary file, not JSON lines")
                return
            for outcome in records_of(_lines(stream), file.source, seen):
                anything = True
                yield outcome
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield Skipped(file.source, f"is a damaged gzip file; the lines before the damage are read ({error})")
        return
    if not anything:
        yield Skipped(file.source, "holds nothing but white space")


class _Lines(Protocol):
    def readline(self, size: int, /) -> bytes: ...


def _lines(stream: _Lines) -> Iterator[bytes]:
    """Lines of at most `MAX_BYTES`; a longer one comes as a line that is no JSON, so that it is reported."""
    while line := stream.readline(MAX_BYTES):
        if len(line) == MAX_BYTES and not line.endswith(b"\n"):
            while rest := stream.readline(MAX_BYTES):
                if rest.endswith(b"\n"):
                    break
            line = b"(longer than can be read)\n"
        yield line
