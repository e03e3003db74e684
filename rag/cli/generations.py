"""`wenbao index --list`, `--rollback` and `--anew`: what is done with generations rather than with a corpus."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from rag.cli.output import write
from rag.steering import inert_json

if TYPE_CHECKING:
    from rag.index.storage.inventory import StoredGeneration
    from rag.settings import Settings

NEWEST_BEFORE = ""
"""What `--rollback` without an id stands for."""


def show(settings: Settings, as_json: bool) -> None:
    """Prints every generation on disk, newest first, and the rule by which they are kept."""
    from rag.index.storage.inventory import RULE, stored_generations
    from rag.index.storage.store import Store

    found = stored_generations(Store(settings.vectors))[::-1]
    if as_json:
        listed = {"vectors": str(settings.vectors), "rule": RULE, "generations": [asdict(one) for one in found]}
        write(inert_json(json.dumps(listed, ensure_ascii=False)))
        return
    write("\n".join([*(line for one in found for line in _lines(one)), RULE]))


def roll_back(settings: Settings, wanted: str, as_json: bool) -> None:
    """Makes a kept generation live again and says which one was live before."""
    from rag.cli.progress import ProgressLine
    from rag.embedding.model import prepare_model
    from rag.errors import IndexDamaged, IndexMissing
    from rag.index.storage.store import Store

    store = Store(settings.vectors)
    try:
        before = store.current_id()
    except IndexDamaged:
        before = ""  # naming a generation mends that
    except IndexMissing:
        if not store.generations():
            raise
        before = ""
    with ProgressLine() as line:
        fingerprint = prepare_model(settings.embedding_model, line).fingerprint
    live = store.rollback(wanted if wanted != NEWEST_BEFORE else None, fingerprint)
    if as_json:
        write(json.dumps({"generation": live, "before": before}))
    elif live == before:
        write(f"generation {live} is live already, and every checksum is right")
    else:
        write(f"generation {live} is live in {settings.vectors}\nbefore it was {before or 'none'}")


def distrust(settings: Settings) -> None:
    """Has the run that follows take nothing over from the live generation, and the one after it if that is stopped."""
    from rag.corpus.files import read_corpus
    from rag.index.storage.store import Store

    read_corpus(settings.corpus_path)  # a mistyped corpus should cost nothing
    Store(settings.vectors).distrust()


def _lines(one: StoredGeneration) -> list[str]:
    head = f"{'*' if one.live else ' '} {one.generation}  {_size(one.bytes)}"
    if one.problem:
        return [head, f"    cannot be used: {one.problem}"]
    counts = one.counts
    built = one.created[:19].replace("T", " ")
    return [
        f"{head}{'  live' if one.live else ''}",
        f"    built {built} UTC from {one.corpus} with {one.model} ({one.model_fingerprint})",
        f"    {counts.sources:,} files, {counts.articles:,} articles, {counts.chunks:,} passages, "
        f"{counts.characters:,} characters",
    ]


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
