"""The corpus that an index was built from, for a refresh that names none."""

from __future__ import annotations

from pathlib import Path

from rag.errors import IndexMissing, StoreError
from rag.settings import Settings


def with_remembered_corpus(settings: Settings) -> Settings:
    """The settings with the corpus that the index was built from, where none is set: what a refresh must read.

    Raises:
        StoreError: there is an index, and it is too damaged to say what it was built from.
    """
    from rag.index.manifest import Manifest  # with the store it takes a while, and a set corpus needs neither
    from rag.index.store import Store

    if not settings.sample_corpus:
        return settings
    try:
        manifest = Manifest.open(settings.vectors / "generations" / Store(settings.vectors).current_id())
    except IndexMissing:
        return settings
    except StoreError as error:
        raise type(error)(
            f"{error.message}; so it is not known which corpus it was built from",
            hint="Name the corpus to build it anew: `wenbao index FOLDER`, or `wenbao index --sample`.",
        ) from error
    return settings if manifest.is_sample else settings.model_copy(update={"corpus": Path(manifest.corpus)})
