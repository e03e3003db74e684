"""`wenbao eval FOLDER`: a retrieval collection indexed by itself, and searched."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.cli.progress import ProgressLine

if TYPE_CHECKING:
    from rag.cli.options import Flags
    from rag.evaluation.collection import Collection
    from rag.evaluation.report import Report
    from rag.library import Library
    from rag.settings import Settings
    from rag.types import Mode, Skipped


def collection_report(
    folder: Path, split: str, modes: Sequence[Mode] | None, draw: tuple[int | None, int], flags: Flags
) -> Report:
    """Indexes a collection's documents, unless that is done, searches its queries, and reports what was measured.

    Args:
        folder: of the collection.
        split: which of its judgements.
        modes: how each query is searched; None: in every way.
        draw: how many queries, None for all, and the seed of the draw.
        flags: hold the settings, and what an interruption is told.

    Raises:
        InputError: the folder holds no collection that can be measured.
        RagError: its index cannot be built or opened.
    """
    from rag import __version__
    from rag.evaluation.collected import MODES, CollectionMeasurement, drawn
    from rag.evaluation.collection import read_collection
    from rag.evaluation.measuring import Options
    from rag.evaluation.report import Measured, Report
    from rag.library import MAX_TOP_K

    settings = flags.settings()
    collection = read_collection(folder, split)
    with ProgressLine() as line:
        library, skipped = _opened(collection, settings, flags, line)
        index = Measured.model_validate(library.status())
        measurement = CollectionMeasurement(library, modes or MODES)
        began, interrupted = time.monotonic(), False
        try:
            measurement.run(drawn(collection.queries, *draw), line)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            library.close()
    return Report(
        wenbao=__version__,
        file=collection.name,
        digest=collection.digest,
        limit=draw[0],
        seed=draw[1],
        options=Options(top_k=MAX_TOP_K),
        index=index,
        seconds=time.monotonic() - began,
        interrupted=interrupted,
        pooled=False,
        outcomes=tuple(measurement.outcomes),
        skipped=(*collection.skipped, *skipped),
    )


def _opened(
    collection: Collection, settings: Settings, flags: Flags, line: ProgressLine
) -> tuple[Library, tuple[Skipped, ...]]:
    """The library over the collection's index, brought up to date, and what is not in it."""
    from rag.embedding.model import prepare_model
    from rag.evaluation.collected import index_settings, write_corpus
    from rag.index.building.builder import build_index
    from rag.library import Library

    own = index_settings(collection, settings, prepare_model(settings.embedding_model, line).fingerprint)
    flags.on_interrupt = "what has been embedded is kept: run it again to go on"
    skipped = write_corpus(collection, line)
    report = build_index(own, line)
    flags.on_interrupt = ""
    return Library.open(own, progress=line), (*skipped, *report.skipped)
