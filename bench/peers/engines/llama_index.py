"""llama-index: its vector index and its BM25 retriever, fused by reciprocal ranks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import jieba
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.retrievers.bm25 import BM25Retriever
from llama_index.vector_stores.faiss import FaissVectorStore

from bench.peers.engines.base import PASSAGE_PROMPT, QUERY_PROMPT, Passage, Vectors, articles_of

DIMENSION = 384
WORD = r"\S+"


class JiebaBm25(BM25Retriever):
    """The retriever over texts that jieba has cut and blanks divide; gives back the nodes as they were."""

    plain: dict[str, TextNode]

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = super()._retrieve(QueryBundle(_cut(query_bundle.query_str)))
        return [NodeWithScore(node=self.plain[one.node.node_id], score=one.score) for one in found]


class LlamaIndex:
    """`default`: the in-memory store and the words as they come. `jieba`: FAISS, and words that jieba cut."""

    def __init__(self, folder: Path, model: Path, variant: str) -> None:
        self._folder = folder
        self._source = str(model)
        self._best = variant == "jieba"
        self._model: HuggingFaceEmbedding | None = None
        self._index: Any = None
        self._words: Any = None
        self._fused: QueryFusionRetriever | None = None

    @property
    def model(self) -> HuggingFaceEmbedding:
        """Loaded when it is first needed."""
        self._model = self._model or HuggingFaceEmbedding(
            self._source, query_instruction=QUERY_PROMPT, text_instruction=PASSAGE_PROMPT, device="cpu"
        )
        return self._model

    def load_model(self) -> None:
        """Loads it and runs it once."""
        self.model.get_query_embedding("热身")

    def build(self, passages: Sequence[Passage], vectors: Vectors | None) -> None:
        """Both indexes, both kept on disk."""
        nodes = _nodes(passages)
        if vectors is not None:
            for node, vector in zip(nodes, vectors, strict=True):
                node.embedding = vector.tolist()
        self._index_all(nodes)

    def open(self) -> None:
        """Loads both."""
        place = str(self._folder / "vectors")
        store = {"vector_store": FaissVectorStore.from_persist_dir(place)} if self._best else {}
        storage = StorageContext.from_defaults(persist_dir=place, **store)
        self._index = load_index_from_storage(storage, embed_model=self.model)
        words = str(self._folder / "words")
        if self._best:
            self._words = JiebaBm25.from_persist_dir(words)
            self._words.token_pattern, self._words.skip_stemming = WORD, True
            self._words.plain = self._index.docstore.docs
        else:
            self._words = BM25Retriever.from_persist_dir(words)

    def search(self, question: str, k: int) -> list[str]:
        """The fusion retriever without rewriting of the question, which would need a language model."""
        if self._fused is None:
            self._words.similarity_top_k = min(k, len(self._index.docstore.docs))
            self._fused = QueryFusionRetriever(
                [self._index.as_retriever(similarity_top_k=k), self._words],
                llm=MockLLM(),
                mode="reciprocal_rerank",  # type: ignore[arg-type]
                similarity_top_k=k,
                num_queries=1,
                use_async=False,
            )
        return articles_of(one.node.node_id for one in self._fused.retrieve(question))

    def replace(self, article: str, passages: Sequence[Passage]) -> None:
        """Replaces vectors in memory; FAISS's store cannot delete and is made anew, as the words always are."""
        docs = self._index.docstore.docs
        old = [one for one in docs if articles_of([one]) == [article]]
        if self._best:
            faiss_index = self._index.vector_store.client
            rows = {node_id: int(row) for row, node_id in self._index.index_struct.nodes_dict.items()}
            kept = [node for node_id, node in docs.items() if node_id not in set(old)]
            for node in kept:
                node.embedding = faiss_index.reconstruct(rows[node.node_id]).tolist()
            self._index_all([*kept, *_nodes(passages)])
            return
        self._index.delete_nodes(old, delete_from_docstore=True)
        self._index.insert_nodes(_nodes(passages))
        self._index.storage_context.persist(str(self._folder / "vectors"))
        self._count(list(self._index.docstore.docs.values()))

    def _index_all(self, nodes: list[TextNode]) -> None:
        store = {"vector_store": FaissVectorStore(faiss_index=faiss.IndexFlatIP(DIMENSION))} if self._best else {}
        storage = StorageContext.from_defaults(**store)
        self._index = VectorStoreIndex(
            nodes, storage_context=storage, embed_model=self.model, store_nodes_override=True
        )
        storage.persist(str(self._folder / "vectors"))
        self._count(nodes)

    def _count(self, nodes: list[TextNode]) -> None:
        if self._best:
            cut = [TextNode(id_=node.node_id, text=_cut(node.text)) for node in nodes]
            self._words = JiebaBm25.from_defaults(nodes=cut, token_pattern=WORD, skip_stemming=True)
            self._words.plain = {node.node_id: node for node in nodes}
        else:
            self._words = BM25Retriever.from_defaults(nodes=nodes)
        self._words.persist(str(self._folder / "words"))


def _nodes(passages: Sequence[Passage]) -> list[TextNode]:
    return [TextNode(id_=one.id, text=one.text) for one in passages]


def _cut(text: str) -> str:
    return " ".join(word for word in jieba.cut_for_search(text) if word.strip())


make = LlamaIndex
