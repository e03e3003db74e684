"""The folder that an index is exported to: Parquet files, and `export.json`, which says what they are.

    export.json        format, version, checksums, the generation's manifest, by which an import can go on where it was
    articles.parquet   an article a row, in corpus order
    chunks.parquet     a passage a row, in the order of the index, with its vector
    sources.parquet    the texts that were taken out of PDF and other documents: their articles' offsets count in them
    userdict.txt       the words of a user dictionary, where the index was built with one

All offsets are Unicode code points: `spans` and `runs` count in the source, `start`, `end` and `blocks` in the text of
the article. Every Parquet file names version, generation and model in its own metadata, too, under the key `wenbao`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag import __version__
from rag.errors import IndexDamaged, IndexMismatch, InputError
from rag.index.storage.manifest import Manifest, file_digest

FILE = "export.json"
ARTICLES = "articles.parquet"
CHUNKS = "chunks.parquet"
SOURCES = "sources.parquet"
FORMAT = "wenbao index in Parquet"
VERSION = 1
"""Raised when an older wenbao could not read what this one writes, or the other way round."""

_EXPORT_AGAIN = "Export the index again: `wenbao export FOLDER`."


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file of the folder."""

    rows: int
    """0 for the user dictionary, which is no table."""
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Export:
    """What `export.json` says."""

    index: Manifest
    """Of the generation that was exported; its `files` are none of the folder's."""
    files: Mapping[str, ExportedFile]
    """By name in the folder, `export.json` itself left out."""

    def save(self, folder: Path) -> None:
        """Writes `export.json` into `folder`."""
        content = {
            "format": FORMAT,
            "version": VERSION,
            "wenbao": __version__,
            "files": {name: asdict(file) for name, file in self.files.items()},
            "index": asdict(self.index),
        }
        text = json.dumps(content, ensure_ascii=False, indent=1)
        (folder / FILE).write_text(text + "\n", encoding="utf-8", newline="\n", errors="surrogatepass")

    @classmethod
    def open(cls, folder: Path) -> Export:
        """Reads what an export says of itself.

        Raises:
            InputError: the folder holds no export.
            IndexMismatch: another version of the format.
            IndexDamaged: `export.json` is not what was written.
        """
        path = folder / FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))
        except OSError as error:
            raise InputError(f"{folder} holds no exported index: {error}", hint=_EXPORT_AGAIN) from error
        except (ValueError, RecursionError) as error:
            raise IndexDamaged(f"{path} is damaged: {error}", hint=_EXPORT_AGAIN) from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise InputError(f"{path} was not written by `wenbao export`", hint=_EXPORT_AGAIN)
        if data.get("version") != VERSION:
            raise IndexMismatch(
                f"the export in {folder} has version {data.get('version')}, this wenbao reads version {VERSION}",
                hint="Export it with the wenbao that is to read it, or update this one.",
            )
        try:
            files = {str(name): ExportedFile(**file) for name, file in data["files"].items()}
            if not files.keys() >= {ARTICLES, CHUNKS, SOURCES}:
                raise KeyError("files")
            return cls(Manifest.of(data["index"]), files)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise IndexDamaged(f"{path} is damaged: {error!r}", hint=_EXPORT_AGAIN) from error

    def check(self, folder: Path) -> None:
        """Compares every file with its checksum.

        Raises:
            IndexDamaged: naming the first that is missing or not what was exported.
        """
        for name, file in self.files.items():
            path = folder / name
            try:
                right = "/" not in name and path.stat().st_size == file.bytes and file_digest(path) == file.sha256
            except OSError as error:
                raise IndexDamaged(f"{path} is missing or cannot be read: {error}", hint=_EXPORT_AGAIN) from error
            if not right:
                raise IndexDamaged(f"{path} is damaged: it is not what was exported", hint=_EXPORT_AGAIN)


def described(folder: Path, rows: Mapping[str, int]) -> dict[str, ExportedFile]:
    """The files that were written into a folder, each with its size and checksum.

    Args:
        folder: of the export.
        rows: of each table, by file name.
    """
    return {
        path.name: ExportedFile(rows.get(path.name, 0), path.stat().st_size, file_digest(path))
        for path in sorted(folder.iterdir())
    }


def arrow() -> Any:
    """pyarrow, with `pyarrow.parquet` loaded.

    Raises:
        InputError: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise InputError(
            f"reading and writing Parquet needs pyarrow: {error}", hint="Run `pip install 'wenbao[parquet]'`."
        ) from error
    return pyarrow


def schema_of(name: str, index: Manifest) -> Any:
    """The Arrow schema of a table, with the index named in its metadata.

    Args:
        name: `ARTICLES`, `CHUNKS` or `SOURCES`.
        index: the manifest of the generation.
    """
    pa = arrow()
    text, number = pa.string(), pa.int64()
    span = pa.list_(pa.struct([("start", number), ("end", number)]))
    block = pa.struct([("role", text), ("start", number), ("end", number)])
    # Optional ones are null where the article has none; nothing else ever is.
    columns: dict[str, list[tuple[str, Any]]] = {
        ARTICLES: [
            *((column, text) for column in ("article_id", "file", "source", "title", "kicker", "byline")),
            ("place", pa.list_(text)),
            ("date", text),
            ("kind", text),
            ("url", text),
            ("text", text),
            ("spans", span),
            ("runs", span),
            ("blocks", pa.list_(block)),
            ("digest", text),
        ],
        CHUNKS: [
            *((column, text) for column in ("chunk_id", "article_id", "key")),
            ("start", number),
            ("end", number),
            ("context", text),
            ("text", text),
            ("spans", span),
            ("vector", pa.list_(pa.float32(), index.dimension)),
        ],
        SOURCES: [("file", text), ("text", text), ("page_starts", pa.list_(number))],
    }
    told = {
        "version": VERSION,
        "generation": index.generation,
        "model": index.model,
        "model_fingerprint": index.model_fingerprint,
        "dimension": index.dimension,
    }
    return pa.schema(columns[name], metadata={"wenbao": json.dumps(told, ensure_ascii=False)})
