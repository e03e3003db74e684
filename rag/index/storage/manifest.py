"""What a generation says of itself: `manifest.json`, read first and checked before anything else is opened."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.errors import IndexDamaged, IndexMismatch
from rag.types import Counts, Skipped

FORMAT_VERSION = 1
"""Raised when an older wenbao could not read what this one writes, or the other way round."""

FILE = "manifest.json"
_REBUILD = "Build it anew: `wenbao index`."


@dataclass(frozen=True, slots=True)
class FileState:
    """One corpus file as it was indexed: enough to see that it has not changed, and to skip it then."""

    source: str
    digest: str
    """sha256 of its bytes."""
    articles: int
    skipped: tuple[Skipped, ...] = ()
    contested: bool = False
    """True when another file held one of its article ids: what it gives depends on that file too."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the generation."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a generation but its contents."""

    generation: str
    created: str
    """ISO 8601, UTC."""
    model: str
    model_fingerprint: str
    dimension: int
    splitter: str
    """Label of the code that cut pages into articles and those into chunks."""
    terms: str
    """Label of the rules that made the terms."""
    corpus: str
    is_sample: bool
    counts: Counts
    corpus_files: tuple[FileState, ...]
    skipped: tuple[Skipped, ...]
    """Everything that was left out of the corpus, in reading order."""
    files: dict[str, StoredFile]
    """By name in the generation's folder, the manifest itself left out."""
    settings: dict[str, str]
    """The settings that the index was built with."""
    format: int = FORMAT_VERSION

    @property
    def digest(self) -> str:
        """Short digest over the names and checksums of the files: the second half of the generation's id."""
        listed = json.dumps({name: file.sha256 for name, file in sorted(self.files.items())})
        return hashlib.sha256(listed.encode()).hexdigest()[:8]

    def save(self, folder: Path) -> None:
        """Writes `manifest.json` into `folder`."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        (folder / FILE).write_text(text + "\n", encoding="utf-8", newline="\n", errors="surrogatepass")

    @classmethod
    def open(cls, folder: Path) -> Manifest:
        """Reads the manifest of a generation.

        Raises:
            IndexDamaged: it is missing or no manifest.
            IndexMismatch: another format version.
        """
        path = folder / FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))
            version = data["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(f"{path} is missing or damaged: {error!r}", hint=_REBUILD) from error
        if version != FORMAT_VERSION:
            raise IndexMismatch(
                f"the index in {folder} has format {version}, this wenbao reads format {FORMAT_VERSION}", hint=_REBUILD
            )
        try:
            return cls.of(data)
        except (KeyError, TypeError, AttributeError) as error:
            raise IndexDamaged(f"{path} is damaged: {error!r}", hint=_REBUILD) from error

    @classmethod
    def of(cls, data: dict[str, Any]) -> Manifest:
        """A manifest from its JSON; KeyError, TypeError or AttributeError where it is none."""
        return cls(
            **data
            | {
                "counts": Counts(**data["counts"]),
                "corpus_files": tuple(
                    FileState(**state | {"skipped": _skipped(state["skipped"])}) for state in data["corpus_files"]
                ),
                "skipped": _skipped(data["skipped"]),
                "files": {name: StoredFile(**file) for name, file in data["files"].items()},
            }
        )


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _skipped(entries: list[dict[str, str]]) -> tuple[Skipped, ...]:
    return tuple(Skipped(**entry) for entry in entries)
