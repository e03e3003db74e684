"""`WenbaoRetriever`: a LangChain retriever over an open library, or over a wenbao server.

from rag import Library, load_settings
from rag.integrations.langchain import WenbaoRetriever

retriever = WenbaoRetriever(paper=Library.open(load_settings()), top_k=5)
documents = retriever.invoke("哪些城市搭建了婚恋交友平台？")
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from rag.integrations.passages import Searching, found_passages
from rag.types import Mode

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ModuleNotFoundError as error:
    raise ImportError(
        f"the LangChain retriever needs langchain-core ({error}): run `pip install 'wenbao[langchain]'`"
    ) from error


class WenbaoRetriever(BaseRetriever):
    """Finds passages and returns each as a `Document`: `id` is the passage's, `page_content` its characters, and
    `metadata` says where they stand (`rag.integrations.passages.Passage`).

    `invoke` takes `top_k`, `mode` and `filters` for one query, too. In asynchronous programs the search runs in a
    thread, as LangChain has it.
    """

    paper: Searching = Field(exclude=True)
    """A `rag.Library`, or a `server.client.Wenbao`; it stays the caller's to close."""
    top_k: int = 10
    """How many passages at most, 1 to 100."""
    mode: Mode = "hybrid"
    filters: Any = None
    """As `paper` takes them: `rag.Filters` for a library, a mapping with its fields for a client."""

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002  # the base class's signature
        top_k: int | None = None,
        mode: Mode | None = None,
        filters: Any = None,
    ) -> list[Document]:
        found = found_passages(
            self.paper,
            query,
            self.top_k if top_k is None else top_k,
            self.mode if mode is None else mode,
            self.filters if filters is None else filters,
        )
        return [
            Document(id=passage.chunk_id, page_content=passage.text, metadata=passage.metadata) for passage in found
        ]
