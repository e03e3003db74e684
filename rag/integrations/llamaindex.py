"""`WenbaoRetriever`: a LlamaIndex retriever over an open library, or over a wenbao server.

from rag import Library, load_settings
from rag.integrations.llamaindex import WenbaoRetriever

retriever = WenbaoRetriever(Library.open(load_settings()), top_k=5)
nodes = retriever.retrieve("哪些城市搭建了婚恋交友平台？")
"""

from __future__ import annotations

import asyncio
from typing import Any

from rag.integrations.passages import Passage, Searching, found_passages
from rag.types import Mode

try:
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode
except ModuleNotFoundError as error:
    raise ImportError(
        f"the LlamaIndex retriever needs llama-index-core ({error}): run `pip install 'wenbao[llamaindex]'`"
    ) from error

_READ_BY_MODELS = ("title", "byline", "date", "place", "source")
"""What is put before a passage when a language model reads it; figures and offsets would only cost it tokens."""


class WenbaoRetriever(BaseRetriever):
    """Finds passages and returns each as a `TextNode` with its score: `id_` is the passage's, `ref_doc_id` the
    article's, and `metadata` says where its characters stand (`rag.integrations.passages.Passage`).

    Args:
        paper: a `rag.Library`, or a `server.client.Wenbao`; it stays the caller's to close.
        top_k: how many passages at most, 1 to 100.
        mode: both legs fused, or one of them.
        filters: as `paper` takes them: `rag.Filters` for a library, a mapping with its fields for a client.
        callback_manager: LlamaIndex's own.
    """

    def __init__(
        self,
        paper: Searching,
        *,
        top_k: int = 10,
        mode: Mode = "hybrid",
        filters: Any = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        self._paper = paper
        self._top_k = top_k
        self._mode: Mode = mode
        self._filters = filters
        super().__init__(callback_manager=callback_manager)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = found_passages(self._paper, query_bundle.query_str, self._top_k, self._mode, self._filters)
        return [NodeWithScore(node=_node(passage), score=passage.score) for passage in found]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node(passage: Passage) -> TextNode:
    unread = [key for key, value in passage.metadata.items() if key not in _READ_BY_MODELS or not value]
    return TextNode(
        id_=passage.chunk_id,
        text=passage.text,
        metadata=passage.metadata,
        excluded_llm_metadata_keys=unread,
        excluded_embed_metadata_keys=list(passage.metadata),
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.article_id)},
    )
