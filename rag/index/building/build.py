"""One index run: what is known beforehand, what is read, embedded and cut, and what comes out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rag.corpus.files import SUFFIXES, CorpusFile, CorpusListing
from rag.embedding.base import Embedder, SpreadingEmbedder
from rag.embedding.deferred import DeferredEmbedder
from rag.errors import CorpusEmpty, RagError
from rag.index.building.labels import splitter_label, terms_label
from rag.index.building.reading import CorpusReader
from rag.index.building.vector_stage import VectorStage
from rag.index.building.word_stage import WordStage
from rag.index.copies.duplicates import GROUPS, write_duplicates
from rag.index.legs.arrays import save_array
from rag.index.legs.vector_index import VectorIndex
from rag.index.milvus.address import Address
from rag.index.milvus.writing import MilvusWriter
from rag.index.storage.database import FILE as DATABASE
from rag.index.storage.database import DatabaseWriter
from rag.index.storage.generation import CHUNK_ARTICLES, Generation
from rag.index.storage.journal import Journal
from rag.index.storage.manifest import FileState, Manifest, file_digest
from rag.index.text.chunking import ChunkRules
from rag.index.text.userdict import UserDictionary
from rag.settings import Settings
from rag.types import Counts, IndexPlan, IndexReport, Progress, Skipped

Report = Callable[[Progress], None]


@dataclass
class Build:
    """One run: what is known beforehand, and what comes out bit by bit."""

    settings: Settings
    listing: CorpusListing
    dictionary: UserDictionary
    embedder: Embedder
    previous: Generation | None
    progress: Report
    address: Address | None
    """The Milvus that chunks are to live in; None where they live in the generation's folder."""
    digests: dict[str, str] = field(init=False)
    states: list[FileState] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    vectors: VectorStage = field(init=False)
    words: WordStage = field(init=False)
    remote: MilvusWriter | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        known = self.previous.keys() if self.previous is not None else {}
        self.vectors = VectorStage(self.embedder, self.previous if self._same_model else None, known, self.progress)
        same_terms = self.previous is not None and self.previous.manifest.terms == terms_label()
        self.words = WordStage(self.dictionary, self.previous if same_terms else None, known, self.progress)
        if self.address is not None:
            self.words.remote = True
            self.remote = MilvusWriter(
                self.address,
                self.settings.vectors,
                self.previous if same_terms else None,
                self._same_model,
                self.dictionary,
                self.progress,
            )
        self.digests = {}
        for file in self.listing.files:
            try:
                self.digests[file.source] = file_digest(file.path)
            except OSError:
                self.digests[file.source] = ""  # reading it will say why, and it never counts as unchanged

    def close(self) -> None:
        if self.previous is not None:
            self.previous.close()

    def load_ahead(self) -> None:
        """Loads the model beside the reading of the corpus, if content that was never seen makes it likely to be used.

        A model that cannot be loaded says so when it is used; a cluster that cannot be reached, at once.
        """
        known = {state.digest for state in self.previous.manifest.corpus_files} if self.previous is not None else set()
        if self._same_model and known.issuperset(self.digests.values()):
            return
        if isinstance(self.embedder, SpreadingEmbedder):
            self.embedder.start()
        elif isinstance(self.embedder, DeferredEmbedder):
            threading.Thread(target=_load_quietly, args=(self.embedder,), name="load-model").start()

    @property
    def unchanged(self) -> bool:
        """True when the live generation is what this run would make."""
        if self.previous is None:
            return False
        manifest = self.previous.manifest
        return (
            self._same_model
            and manifest.splitter == splitter_label()
            and manifest.terms == terms_label()
            and GROUPS in manifest.files
            and manifest.corpus == self._corpus
            and manifest.settings.get("store", "") == str(self.address or "")
            and manifest.is_sample == self.settings.sample_corpus
            and self._dictionary_settings.items() <= manifest.settings.items()
            and [(state.source, state.digest) for state in manifest.corpus_files] == list(self.digests.items())
            and "" not in self.digests.values()
            and set(self._skipped_at_sight) <= set(manifest.skipped)
            and len(manifest.skipped)
            == len(self._skipped_at_sight) + sum(len(state.skipped) for state in manifest.corpus_files)
        )

    def report_unchanged(self, seconds: float) -> IndexReport:
        """The report of a run that had nothing to do."""
        assert self.previous is not None  # noqa: S101  # `unchanged` says so
        manifest = self.previous.manifest
        self.previous.close()
        return IndexReport(
            generation=manifest.generation,
            changed=False,
            counts=manifest.counts,
            embedded=0,
            kept=manifest.counts.chunks,
            removed=0,
            skipped=manifest.skipped,
            seconds=seconds,
        )

    def report(self, generation: str, seconds: float) -> IndexReport:
        """The report of a run that published a generation."""
        return IndexReport(
            generation=generation,
            changed=True,
            counts=self.counts,
            embedded=self.vectors.embedded,
            kept=self.counts.chunks - self.vectors.embedded,
            removed=self.vectors.removed,
            skipped=tuple(self.skipped),
            seconds=seconds,
            tokenized=self.words.tokenized,
        )

    def plan(self, scratch: Path, began: float) -> IndexPlan:
        """What filling a generation would do, found out in a folder that is thrown away."""
        database = self._new_database(scratch)
        try:
            self._read_corpus(database)
            self._count(database)
            articles = database.changes(self.previous.folder / DATABASE if self.previous is not None else None)
            tokenized = len(self.words.rows_to_cut(database))
        finally:
            database.abandon()
        embedded = self.vectors.count(database)
        return IndexPlan(
            changed=not self.unchanged,
            articles=tuple(articles),
            counts=self.counts,
            embedded=embedded,
            kept=self.counts.chunks - embedded,
            removed=self.vectors.removed,
            skipped=tuple(self.skipped),
            tokenized=tokenized,
            seconds=time.perf_counter() - began,
        )

    def fill(self, folder: Path, journal: Journal) -> Manifest:
        """Writes everything but the manifest into the folder, and returns that, to be completed by the store."""
        database = self._new_database(folder)
        try:
            self._read_corpus(database)
            self._count(database)
            save = self._local(database, journal) if self.remote is None else self._sent(database, journal)
        except BaseException:
            database.abandon()
            raise
        self.progress(Progress("writing", 0, 0))
        database.close()
        save(folder)
        self.dictionary.save(folder)
        save_array(folder / CHUNK_ARTICLES, np.asarray(database.ordinals, np.int32))
        write_duplicates(folder, self.previous.folder if self.previous else None, self.progress)
        return self._manifest()

    def _local(self, database: DatabaseWriter, journal: Journal) -> Callable[[Path], None]:
        """Makes both indexes; returns what saves them into the generation's folder."""
        vectors, words = self.vectors.make(database, journal), self.words.make(database)

        def save(folder: Path) -> None:
            VectorIndex.build(vectors).save(folder)
            words.save(folder)

        return save

    def _sent(self, database: DatabaseWriter, journal: Journal) -> Callable[[Path], None]:
        """Has Milvus take what is new; returns what saves the rest into the generation's folder."""
        assert self.remote is not None  # noqa: S101  # the caller has looked
        return self.remote.make(database, journal, self.vectors, self.words)

    def _new_database(self, folder: Path) -> DatabaseWriter:
        return DatabaseWriter(folder / DATABASE, self._cut_alike.folder / DATABASE if self._cut_alike else None)

    def _read_corpus(self, database: DatabaseWriter) -> None:
        """Fills the database, taking over the files that have not changed."""
        known: dict[str, FileState] = {}
        if self._cut_alike is not None:
            known = {state.source: state for state in self._cut_alike.manifest.corpus_files}
        reader = CorpusReader(database)
        self.skipped += self._skipped_at_sight
        for number, file in enumerate(self.listing.files):

            def tell(articles: int, number: int = number, file: CorpusFile = file) -> None:
                detail = f"{file.source}, {articles:,} articles" if articles else file.source
                self.progress(Progress("reading", number, len(self.listing.files), detail=detail))

            tell(0)
            state = known.get(file.source)
            digest = self.digests[file.source]
            if state is None or not digest or state.digest != digest or not reader.take_over(state):
                state = reader.read(file, digest, tell)
            self.states.append(state)
            self.skipped += state.skipped
        database.flush()
        self.progress(Progress("reading", len(self.listing.files), len(self.listing.files)))

    def _count(self, database: DatabaseWriter) -> None:
        if not database.keys:
            named = "".join(f"; {entry.where} {entry.reason}" for entry in self.skipped[:3])
            raise CorpusEmpty(
                f"nothing in {self.settings.corpus_path} can be indexed: {len(self.skipped)} skipped{named}",
                hint=f"Put {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} files there, or name another folder: "
                "`wenbao index FOLDER`.",
            )
        self.counts = Counts(len(database.sources), database.articles, len(database.keys), database.characters)

    @property
    def _skipped_at_sight(self) -> tuple[Skipped, ...]:
        return (*self.dictionary.skipped, *self.listing.skipped)

    @property
    def _dictionary_settings(self) -> dict[str, str]:
        path = self.settings.userdict
        return {
            "userdict": str(path.resolve()) if path is not None else "",
            "userdict_digest": self.dictionary.digest,
        }

    @property
    def _cut_alike(self) -> Generation | None:
        """The live generation if it was split, cut and folded by the same rules, so that its articles can be copied."""
        if self.previous is None:
            return None
        manifest = self.previous.manifest
        same = manifest.splitter == splitter_label() and manifest.terms == terms_label()
        return self.previous if same else None

    @property
    def _same_model(self) -> bool:
        return (
            self.previous is not None
            and self.previous.manifest.model_fingerprint == self.embedder.fingerprint
            and self.previous.manifest.dimension == self.embedder.dimension
        )

    @property
    def _corpus(self) -> str:
        return str(self.settings.corpus_path.resolve())

    def _manifest(self) -> Manifest:
        return Manifest(
            generation="",
            created="",
            model=self.embedder.name,
            model_fingerprint=self.embedder.fingerprint,
            dimension=self.embedder.dimension,
            splitter=splitter_label(),
            terms=terms_label(),
            corpus=self._corpus,
            is_sample=self.settings.sample_corpus,
            counts=self.counts,
            corpus_files=tuple(self.states),
            skipped=tuple(self.skipped),
            files={},
            settings={
                "corpus": self._corpus,
                "embedding_model": self.settings.embedding_model,
                "chunk_rules": ChunkRules().label,
                **self._dictionary_settings,
                **(self.remote.settings if self.remote is not None else {}),
            },
        )


def _load_quietly(embedder: DeferredEmbedder) -> None:
    try:
        embedder.load()
    except RagError:
        return  # it is said where the model is used
