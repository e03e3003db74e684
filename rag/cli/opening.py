"""Opening the index for a command. Where none is built and no corpus is set, the built-in sample is indexed first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag.cli.output import note
from rag.cli.progress import ProgressLine
from rag.errors import IndexMissing
from rag.index.building.remembering import with_remembered_corpus

__all__ = ["ensure_index", "opened", "with_remembered_corpus"]

if TYPE_CHECKING:
    from rag.cli.options import Flags
    from rag.library import Library
    from rag.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[Library]:
    """The library over the index that the settings name, closed at the end.

    Raises:
        IndexMissing: a corpus is set and has not been indexed.
        StoreError: the index cannot be opened.
        ModelError: the embedding model cannot be used.
    """
    ensure_index(settings)

    from rag.library import Library

    with ProgressLine() as line:
        library = Library.open(settings, progress=line)
    try:
        if library.status().is_sample:
            note("the built-in sample answers; `wenbao index FOLDER` indexes pages of your own")
        yield library
    finally:
        library.close()


def index_is_there(flags: Flags) -> bool:
    """Whether a look at the files is enough to know that there is an index. False says nothing: then read the settings.

    Loading what reads settings takes longer than a user should wait for a first frame.
    """
    folder = flags.given.get("vectors") or os.environ.get("WENBAO_VECTORS")
    if not folder and Path("wenbao.toml").exists():
        return False
    return Path(str(folder or "vectors"), "CURRENT").is_file()


def ensure_index(settings: Settings) -> None:
    """Indexes the built-in sample if there is no index and no corpus is set.

    Raises:
        IndexMissing: there is no index, and which corpus to index is the user's to say or confirm.
    """
    from rag.index.storage.store import Store

    try:
        Store(settings.vectors).current_id()
    except IndexMissing as missing:
        if not settings.sample_corpus:
            raise IndexMissing(
                f"{settings.corpus} has not been indexed: there is no index in {settings.vectors}",
                hint="Run `wenbao index` to build it.",
            ) from missing
        from rag.index.building.builder import build_index

        note(f"there is no index in {settings.vectors} yet; indexing the built-in sample")
        with ProgressLine() as line:
            build_index(settings, line)
