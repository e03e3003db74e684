"""The corpus and the user dictionary that an index was built from, for a refresh that names none."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import IndexMissing, StoreError

if TYPE_CHECKING:
    from rag.index.milvus.address import Address
    from rag.settings import Settings

_log = logging.getLogger(__name__)


def with_remembered_corpus(settings: Settings) -> Settings:
    """The settings with the corpus and the user dictionary that the index was built from, where none is set.

    This is what a refresh must read.

    Raises:
        StoreError: there is an index, no corpus is set, and the index is too damaged to say what it was built from.
    """
    from rag.index.storage.manifest import Manifest  # with the store it takes a while, and often neither is needed
    from rag.index.storage.store import Store

    if not settings.sample_corpus and settings.userdict is not None:
        return settings
    try:
        manifest = Manifest.open(settings.vectors / "generations" / Store(settings.vectors).current_id())
    except IndexMissing:
        return settings
    except StoreError as error:
        if not settings.sample_corpus:
            _log.warning("%s; words of a user dictionary that it was built with are not known", error.message)
            return settings
        raise type(error)(
            f"{error.message}; so it is not known which corpus it was built from",
            hint="Name the corpus to build it anew: `wenbao index FOLDER`, or `wenbao index --sample`.",
        ) from error
    remembered: dict[str, Path] = {}
    if settings.sample_corpus and not manifest.is_sample:
        remembered["corpus"] = Path(manifest.corpus)
    if settings.userdict is None and manifest.settings.get("userdict"):
        remembered["userdict"] = Path(manifest.settings["userdict"])
    return settings.model_copy(update=remembered)


def remote_of(settings: Settings) -> Address | None:
    """The Milvus that an index run writes to: the one that is set, else where the index is; None for the folder itself.

    Raises:
        SettingsError: the setting names nothing that can be used.
    """
    from rag.index.milvus.address import parse_store
    from rag.index.storage.manifest import Manifest
    from rag.index.storage.store import Store

    if settings.store is not None:
        return parse_store(settings.store)
    store = Store(settings.vectors)
    try:
        return parse_store(Manifest.open(store.folder_of(store.current_id())).settings.get("store"))
    except StoreError:
        return None
