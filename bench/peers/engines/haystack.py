"""haystack: the in-memory store, its BM25 and embedding retrievers joined by reciprocal ranks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jieba
from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from bench.peers.engines.base import PASSAGE_PROMPT, QUERY_PROMPT, Passage, Vectors, articles_of


class JiebaStore(InMemoryDocumentStore):
    """The store with another tokenizer, at the one place where it tokenizes."""

    def _tokenize_bm25(self, text: str) -> list[str]:
        return jieba.lcut_for_search(text.lower())


STORES: dict[str, type[InMemoryDocumentStore]] = {"default": InMemoryDocumentStore, "jieba": JiebaStore}


class Haystack:
    """A store that is kept as one JSON file, and the usual hybrid pipeline over it."""

    def __init__(self, folder: Path, model: Path, variant: str) -> None:
        self._path = folder / "store.json"
        self._model = str(model)
        self._kind = STORES[variant]
        self._store: Any = None
        self._embedder: Any = None
        self._pipeline: Any = None

    def load_model(self) -> None:
        """The embedder of documents."""
        self._embedder = SentenceTransformersDocumentEmbedder(
            model=self._model, prefix=PASSAGE_PROMPT, progress_bar=False
        )
        self._embedder.warm_up()
        self._embed([Document(content="热身")])

    def build(self, passages: Sequence[Passage], vectors: Vectors | None) -> None:
        """Embeds, writes, and saves the store to disk."""
        documents = _documents(passages)
        if vectors is None:
            documents = self._embed(documents)
        else:
            for document, vector in zip(documents, vectors, strict=True):
                document.embedding = vector.tolist()
        self._store = self._kind()
        self._store.write_documents(documents)
        self._store.save_to_disk(str(self._path))

    def open(self) -> None:
        """Loads the store, which counts the words again, and connects the pipeline."""
        self._store = self._kind.load_from_disk(str(self._path))

    def search(self, question: str, k: int) -> list[str]:
        """Runs the pipeline."""
        if self._pipeline is None:
            self._pipeline = self._connect(k)
        reply = self._pipeline.run({"embedder": {"text": question}, "words": {"query": question}})
        return articles_of(document.id for document in reply["joiner"]["documents"])

    def replace(self, article: str, passages: Sequence[Passage]) -> None:
        """Deletes by id, embeds and writes the new documents, saves the whole store."""
        if self._embedder is None:
            self.load_model()
        self._store.delete_documents([one for one in self._store.storage if articles_of([one]) == [article]])
        self._store.write_documents(self._embed(_documents(passages)))
        self._store.save_to_disk(str(self._path))

    def _embed(self, documents: list[Document]) -> list[Document]:
        embedded: list[Document] = self._embedder.run(documents=documents)["documents"]
        return embedded

    def _connect(self, k: int) -> Pipeline:
        pipeline = Pipeline()
        pipeline.add_component(
            "embedder", SentenceTransformersTextEmbedder(model=self._model, prefix=QUERY_PROMPT, progress_bar=False)
        )
        pipeline.add_component("vectors", InMemoryEmbeddingRetriever(self._store, top_k=k))
        pipeline.add_component("words", InMemoryBM25Retriever(self._store, top_k=k))
        pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=k))
        pipeline.connect("embedder.embedding", "vectors.query_embedding")
        pipeline.connect("vectors", "joiner")
        pipeline.connect("words", "joiner")
        return pipeline


def _documents(passages: Sequence[Passage]) -> list[Document]:
    return [Document(id=one.id, content=one.text) for one in passages]


make = Haystack
