"""The library as a program uses it: open an index, search it, ask it, read its articles.

One `Library` serves any number of threads. It answers every call from exactly one generation, and hops to a newer one
between calls.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.answering.answerer import Answerer
from rag.answering.reading.question import check_question
from rag.cancellation import Cancellation
from rag.corpus import places
from rag.embedding.base import Embedder
from rag.embedding.model import open_embedder
from rag.embedding.staged import StagedEmbedder
from rag.errors import IndexMismatch, InputError, RagError
from rag.explanations import ArticleStanding
from rag.index.storage.generation import Generation
from rag.index.storage.naming import find_article
from rag.index.storage.store import Store
from rag.index.text.terms import cutter
from rag.reader.model import prepare_reader
from rag.reader.reader import Reader
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from rag.stages import stage, tell_answered, tell_asked
from rag.types import (
    Answer,
    AnswererName,
    Article,
    ArticleList,
    Filters,
    GenerationChanges,
    Hit,
    IndexStatus,
    Mode,
    PlaceCount,
    Progress,
    SearchResult,
    SourceList,
    Turn,
)

if TYPE_CHECKING:
    from rag.answering.phrasing.phraser import Phraser

MAX_QUERY = 2_000
"""Longest question or query, in characters: the embedder reads about 700, and no reader types more."""
MAX_TOP_K = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What one generation needs to be asked; replaced as a whole."""

    generation: Generation
    retriever: Retriever
    answerer: Answerer
    before: str | None
    """Id of the generation that was loaded before; None at first."""


class Library:
    """An open index. Use `Library.open`."""

    def __init__(self, settings: Settings, store: Store, embedder: Embedder, reader: Reader | None = None) -> None:
        self._settings = settings
        self._store = store
        self._reader = reader
        self._embedder: Embedder = StagedEmbedder(embedder)
        self._phraser = _phraser(settings, self._embedder)
        self._hop = threading.Lock()
        self._telling = threading.Lock()
        self._changes: tuple[str, GenerationChanges | None] = ("", None)
        """What a generation changed, and its id."""
        self._loaded = self._load()

    @classmethod
    def open(cls, settings: Settings, progress: Callable[[Progress], None] | None = None) -> Library:
        """Opens the live generation under `settings.vectors`.

        Raises:
            IndexMissing: nothing has been indexed there yet.
            IndexDamaged: a file of the generation is missing or not what it was.
            IndexMismatch: the index was built with another embedding model or format.
            ModelError: the embedding model cannot be used.
        """
        store = Store(settings.vectors)
        store.current_id()  # a missing index should be told before a model is prepared for it
        # The model loads outside Python's lock, so the gazetteer and the dictionary can load beside it.
        threading.Thread(target=_warm, name="warm", daemon=True).start()
        embedder = open_embedder(settings.embedding_model, progress=progress)
        reader = Reader(prepare_reader(progress)) if settings.reader else None
        if reader is not None:
            # No daemon: torn out of the runtime by the end of the interpreter, it would abort the process.
            threading.Thread(target=_load_quietly, args=(reader,), name="reader", daemon=False).start()
        return cls(settings, store, embedder, reader)

    def _load(self, before: str | None = None) -> _Loaded:
        generation = self._store.current()
        built_with = generation.manifest.model_fingerprint
        if built_with != self._embedder.fingerprint:
            raise IndexMismatch(
                f"The index in {self._settings.vectors} was built with the embedding model "
                f"{generation.manifest.model} ({built_with}), but {self._embedder.name} "
                f"({self._embedder.fingerprint}) is set.",
                hint="Run `wenbao index` to build it anew, or set embedding_model back.",
            )
        retriever = Retriever(generation, self._embedder)
        return _Loaded(generation, retriever, self._answerer(generation, retriever), before)

    def _answerer(self, generation: Generation, retriever: Retriever) -> Answerer:
        return Answerer(generation, retriever, self._embedder, self._phraser, self._reader)

    def refresh(self) -> bool:
        """Hops to the live generation if a newer one was published; True when it did. Calls under way are not touched.

        A generation that cannot be opened is left alone with a line in the log: the old one goes on serving.
        """
        if not self._store.changed(self._loaded.generation.id):
            return False
        with self._hop:
            if not self._store.changed(self._loaded.generation.id):
                return False
            try:
                self._loaded = self._load(before=self._loaded.generation.id)
            except RagError as error:
                _log.warning("still serving generation %s: %s", self._loaded.generation.id, error)
                return False
        return True

    @property
    def generation(self) -> str:
        """Id of the generation that answers now."""
        return self._loaded.generation.id

    def search(
        self,
        query: str,
        *,
        top_k: int = 10,
        mode: Mode = "hybrid",
        filters: Filters | None = None,
        explain: bool = False,
    ) -> SearchResult:
        """The passages that fit a query best.

        Args:
            query: plain words, 1 to 2,000 characters.
            top_k: how many hits at most, 1 to 100.
            mode: both legs fused, or one of them.
            filters: restrictions; None restricts nothing.
            explain: also tell the figures behind the hits.

        Raises:
            InputError: an empty or over-long query, or `top_k` out of range.
        """
        self.refresh()
        asked, top_k = check_question(query, MAX_QUERY, "query"), _check_top_k(top_k)
        tell_asked(asked)
        return self._loaded.retriever.search(asked, top_k, mode, filters or Filters(), explain)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        top_k: int = 10,
        filters: Filters | None = None,
        answerer: AnswererName = "auto",
        explain: bool = False,
        on_hits: Callable[[tuple[Hit, ...]], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        """A short answer in which every sentence is cited, or a refusal.

        Args:
            question: 1 to 2,000 characters.
            history: the conversation so far, oldest first; a follow-up question is read with it.
            top_k: how many hits to show beside the answer, 1 to 100; it does not limit what the answer draws on.
            filters: restrictions; None restricts nothing.
            answerer: "auto" takes the language model if one is configured.
            explain: also tell why it was answered or refused, and the figures behind the hits.
            on_hits: called once, with what `hits` of the answer will be, before the answer is composed.
            cancellation: lets another thread call the work off.

        Raises:
            InputError: an empty or over-long question, or `top_k` out of range.
            Cancelled: the work was called off.
        """
        self.refresh()
        began = time.perf_counter()
        asked, top_k = check_question(question, MAX_QUERY, "question"), _check_top_k(top_k)
        tell_asked(asked)
        with stage("answer"):
            answer = self._loaded.answerer.answer(
                asked, history, top_k, filters or Filters(), answerer, explain, on_hits, cancellation
            )
        tell_answered(answer.answered, answer.answerer)
        _log.info("answered=%s in %.0f ms", answer.answered, 1000 * (time.perf_counter() - began))
        return answer

    def why(
        self, article: str, question: str, *, history: Sequence[Turn] = (), filters: Filters | None = None
    ) -> ArticleStanding:
        """Where an article stood in each leg when a question was asked, and why it is, or is not, in the answer.

        Args:
            article: its id, or its source where the source has no other article.
            question: as for `ask`.
            history: as for `ask`.
            filters: as for `ask`.

        Raises:
            NotFound: no article is called so; the hint names those that are called nearly so.
            InputError: several articles are of this source, or the question cannot be used.
        """
        self.refresh()
        found = find_article(self._loaded.generation, article)
        asked = check_question(question, MAX_QUERY, "question")
        return self._loaded.answerer.why(found, asked, history, filters or Filters())

    def articles(
        self,
        *,
        source: str | None = None,
        place: str | None = None,
        q: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
        date_from: str | None = None,
        date_to: str | None = None,
    ) -> ArticleList:
        """A page of the list of articles, in corpus order.

        Raises:
            InputError: a cursor that no reply gave, a date that is no day, a range that ends before it begins, or
                `limit` outside 1 to 100.
        """
        self.refresh()
        return self._loaded.generation.list_articles(
            source=source,
            place=place,
            q=q,
            limit=_check_limit(limit),
            cursor=cursor,
            date_from=date_from,
            date_to=date_to,
        )

    def sources(self, *, under: str = "", limit: int = 100, cursor: str | None = None) -> SourceList:
        """One level of the corpus, folders first: what lies in `under`, a folder ending in `/`, or at the top.

        Raises:
            InputError: `limit` outside 1 to 100.
        """
        self.refresh()
        return self._loaded.generation.contents().sources(under, _check_limit(limit), cursor)

    def places(self, *, q: str | None = None, under: str | None = None, limit: int = 20) -> tuple[PlaceCount, ...]:
        """The places that most articles are about.

        Args:
            q: only those whose name holds these characters.
            under: only those right below a place, its names from the province down joined by `/`; empty: provinces.
            limit: how many at most, 1 to 100.

        Raises:
            InputError: `limit` outside 1 to 100.
        """
        self.refresh()
        return self._loaded.generation.contents().places(q, under, _check_limit(limit))

    def article(self, article_id: str) -> Article:
        """One article, with its text.

        Raises:
            NotFound: no article of the live generation has this id.
        """
        self.refresh()
        return self._loaded.generation.article(article_id)

    def source_text(self, source: str) -> str:
        """The text that was taken out of a file of another form: what the spans of its articles count in.

        Raises:
            NotFound: the live generation keeps no text of this source.
        """
        self.refresh()
        return self._loaded.generation.source_text(source)

    def status(self) -> IndexStatus:
        """What is loaded."""
        self.refresh()
        loaded = self._loaded
        generation = loaded.generation
        manifest = generation.manifest
        return IndexStatus(
            generation=generation.id,
            created=manifest.created,
            counts=manifest.counts,
            model=manifest.model,
            model_fingerprint=manifest.model_fingerprint,
            corpus=manifest.corpus,
            is_sample=manifest.is_sample,
            vectors=str(Path(self._settings.vectors)),
            skipped=manifest.skipped,
            changes=self._changes_of(loaded),
        )

    def _changes_of(self, loaded: _Loaded) -> GenerationChanges | None:
        """What a generation changed, worked out when it is first asked for: it takes a moment, and a hop may not."""
        generation = loaded.generation
        with self._telling:
            if loaded.before is not None and self._changes[0] != generation.id:
                self._changes = generation.id, generation.changes_since(loaded.before)
            return self._changes[1] if self._changes[0] == generation.id else None

    def close(self) -> None:
        """Lets go of the files."""
        self._loaded.generation.close()


def _phraser(settings: Settings, embedder: Embedder) -> Phraser | None:
    """What has answers phrased, where a language model is configured."""
    if settings.llm_base_url is None:
        return None
    from rag.answering.phrasing.phraser import open_phraser  # nothing of it is needed without a model

    return open_phraser(settings.llm_base_url, settings.llm_model, settings.llm_api_key, embedder)


def _warm() -> None:
    """Has the gazetteer and the dictionary of words at hand for the first question."""
    places.find("北京")
    cutter()


def _load_quietly(reader: Reader) -> None:
    """Has the reader at hand for the first question; what is wrong with it is told to whoever asks that."""
    with suppress(RagError):
        reader.load()


def _check_limit(limit: int) -> int:
    if not 1 <= limit <= MAX_TOP_K:
        raise InputError(f"limit is {limit}; it must lie between 1 and {MAX_TOP_K}.")
    return limit


def _check_top_k(top_k: int) -> int:
    if not 1 <= top_k <= MAX_TOP_K:
        raise InputError(f"top_k is {top_k}; it must lie between 1 and {MAX_TOP_K}.")
    return top_k
