"""Corpus → a new generation: work in proportion to what changed.

A corpus file whose bytes are the same is taken over from the live generation without being split again. A chunk is
known by its content, so wherever it stands now, its vector and its words are kept; only new content is embedded and cut
into terms. Vectors are noted down as they are made, and an interrupted run goes on from there.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from pathlib import Path

from rag.corpus.files import read_corpus
from rag.embedding.base import Embedder
from rag.embedding.deferred import DeferredEmbedder
from rag.errors import StoreError, StoreUnavailable
from rag.index.building.build import Build, Report
from rag.index.building.remembering import remote_of
from rag.index.milvus.runs import forget_run, take_back
from rag.index.storage.generation import Generation
from rag.index.storage.inventory import manifests
from rag.index.storage.journal import Journal
from rag.index.storage.salvage import salvaged_vectors
from rag.index.storage.store import Store
from rag.index.text.userdict import UserDictionary
from rag.settings import Settings
from rag.types import IndexPlan, IndexReport


def build_index(settings: Settings, progress: Report | None = None, embedder: Embedder | None = None) -> IndexReport:
    """Brings the index in `settings.vectors` up to date with the corpus.

    Args:
        settings: where the corpus, the index and the model are.
        progress: told of every step.
        embedder: the model to use instead of the one in the settings.

    Returns:
        What was done; `changed` is False when nothing had to be, and then no generation was made.

    Raises:
        CorpusMissing, CorpusError: the corpus cannot be read.
        CorpusEmpty: nothing in it can be indexed; the index that was there is left as it was.
        SettingsError: the user dictionary cannot be read.
        ModelError: the embedding model cannot be used.
        IndexLocked: another process is writing the index.
        WriteError: no permission, or the disk is full; the index that was there is left as it was.
    """
    began = time.perf_counter()
    listing, dictionary = read_corpus(settings.corpus_path), _dictionary(settings)
    embedder = embedder or _deferred(settings, progress)
    store = Store(settings.vectors)
    with store.writing():
        build = Build(
            settings, listing, dictionary, embedder, _previous(store), progress or (lambda _: None), remote_of(settings)
        )
        if build.unchanged:
            return build.report_unchanged(time.perf_counter() - began)
        take_back(store.folder, manifests(store))
        if build.remote is not None:
            build.remote.begin()
        build.load_ahead()
        build.vectors.salvaged = salvaged_vectors(store.refused(), embedder.fingerprint, embedder.dimension)
        with Journal(store.folder, embedder.fingerprint, embedder.dimension) as journal, closing(build):
            generation = store.publish(lambda folder: build.fill(folder, journal))
            journal.discard()
            forget_run(store.folder)
    return build.report(generation, time.perf_counter() - began)


def plan_index(settings: Settings, progress: Report | None = None, embedder: Embedder | None = None) -> IndexPlan:
    """What `build_index` would do now. Writes nothing to the index, and embeds nothing.

    Args:
        settings: where the corpus, the index and the model are.
        progress: told of every step.
        embedder: the model to use instead of the one in the settings.

    Raises:
        As `build_index`, but for the lock and for what concerns writing.
    """
    began = time.perf_counter()
    listing, dictionary = read_corpus(settings.corpus_path), _dictionary(settings)
    embedder = embedder or _deferred(settings, progress)
    previous = _previous(Store(settings.vectors))
    build = Build(settings, listing, dictionary, embedder, previous, progress or (lambda _: None), remote_of(settings))
    with tempfile.TemporaryDirectory(prefix="wenbao-") as scratch, closing(build):
        return build.plan(Path(scratch), began)


def _deferred(settings: Settings, progress: Report | None) -> DeferredEmbedder:
    from rag.embedding.model import prepare_model  # a caller with a model of its own need not load ours

    return DeferredEmbedder(prepare_model(settings.embedding_model, progress))


def _dictionary(settings: Settings) -> UserDictionary:
    return UserDictionary.read(settings.userdict) if settings.userdict is not None else UserDictionary()


def _previous(store: Store) -> Generation | None:
    """The live generation to build on; None where there is none that can be opened, and all work is done anew."""
    try:
        return store.current()
    except StoreUnavailable:
        raise  # what it holds is not lost, and must not be made again
    except StoreError:
        return None
