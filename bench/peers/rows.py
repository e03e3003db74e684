"""Who is measured and how it is set up, a row each; what an edit asks of its user, and why it may win."""

from __future__ import annotations

from dataclasses import dataclass, field

OURS = "wenbao"


@dataclass(frozen=True, slots=True)
class Row:
    """A library in one configuration."""

    key: str
    """Names it on the command line and in the results."""
    label: str
    module: str
    """In `bench.peers.engines`."""
    variant: str
    packages: tuple[str, ...]
    """Distributions whose versions are told."""
    setting: str
    """How it is set up, for the reader of the table."""
    edit: str
    """What its user does after an edit."""
    losses: dict[str, str] = field(default_factory=dict)
    """Column → why it may well beat us there."""
    handed_in: bool = True
    """The large index is built of vectors that are handed in; wenbao makes its own, rank-bm25 has none."""


NO_MODEL = {
    "indexing": "it embeds nothing: keywords are all it has",
    "query": "it embeds no question",
    "query_late": "it embeds no question",
    "cold": "it has no model to load",
    "edit": "it has no model to load and looks for no changes: it is told what was edited",
    "memory": "it holds no vectors and no model",
}

ROWS = (
    Row(
        OURS,
        "wenbao",
        "wenbao",
        "bundled",
        ("onnxruntime", "faiss-cpu"),
        "as it comes: the model in int8 on ONNX Runtime, jieba words and character pairs, min-max sum",
        "`wenbao index`: finds out itself what has changed, embeds the changed passages, publishes a new generation",
        handed_in=False,
    ),
    Row(
        "txtai",
        "txtai, hybrid",
        "txtai",
        "default",
        ("txtai",),
        "`hybrid: true`, the model's prompts as `instructions`; its tokenizer makes single characters of Chinese",
        "`delete`, `upsert`, `save`",
    ),
    Row(
        "txtai-bigrams",
        "txtai, hybrid, characters and pairs",
        "txtai",
        "bigrams",
        ("txtai",),
        "the same with `tokenizer: {ngrams: {nmin: 1, nmax: 2}}`",
        "`delete`, `upsert`, `save`",
    ),
    Row(
        "haystack",
        "haystack, BM25 + embeddings",
        "haystack",
        "default",
        ("haystack-ai", "sentence-transformers-haystack"),
        "`InMemoryDocumentStore`, BM25 and embedding retrievers, joined by reciprocal ranks; single characters",
        "`delete_documents`, embed, `write_documents`, `save_to_disk`",
    ),
    Row(
        "haystack-jieba",
        "haystack, with jieba",
        "haystack",
        "jieba",
        ("haystack-ai", "sentence-transformers-haystack", "jieba"),
        "the same with a store whose tokenizer is jieba's search mode",
        "`delete_documents`, embed, `write_documents`, `save_to_disk`",
    ),
    Row(
        "llama-index",
        "llama-index, BM25 + vectors",
        "llama_index",
        "default",
        ("llama-index-core", "llama-index-retrievers-bm25"),
        "`VectorStoreIndex` in memory and `BM25Retriever`, fused by reciprocal ranks; a clause is one token, "
        "so the words find next to nothing, and passages without any score are fused all the same",
        "`delete_nodes`, `insert_nodes`, `persist`; the BM25 retriever is made anew of all texts",
    ),
    Row(
        "llama-index-jieba",
        "llama-index, FAISS, with jieba",
        "llama_index",
        "jieba",
        ("llama-index-core", "llama-index-retrievers-bm25", "llama-index-vector-stores-faiss", "jieba"),
        "`FaissVectorStore` (`IndexFlatIP`); the BM25 retriever reads texts and questions that jieba has cut",
        "the FAISS store cannot delete: both are made anew, of the vectors at hand",
    ),
    Row(
        "lancedb",
        "LanceDB, hybrid, as haiku.rag sets it up",
        "lancedb",
        "haiku.rag",
        ("lancedb",),
        "`FTS(with_position=True, remove_stop_words=False)`, cosine, `refine_factor(30)`, no vector index, "
        "`RRFReranker()`; finds no Chinese words",
        "`merge_insert`, `optimize`",
    ),
    Row(
        "lancedb-jieba",
        "LanceDB, hybrid, with jieba",
        "lancedb",
        "jieba",
        ("lancedb", "jieba"),
        'the same with `base_tokenizer="jieba/default"`, `stem=False`, with jieba\'s dictionary laid where it looks',
        "`merge_insert`, `optimize`",
    ),
    Row(
        "faiss",
        "sentence-transformers + FAISS",
        "faiss_flat",
        "default",
        ("sentence-transformers", "faiss-cpu"),
        "`IndexFlatIP` and a list of ids; no keywords",
        "embed, `remove_ids`, `add`, write both files",
    ),
    Row(
        "rank-bm25",
        "rank-bm25 with jieba",
        "rank_bm25",
        "default",
        ("rank-bm25", "jieba"),
        "`BM25Okapi` over jieba's search mode, pickled with the cuts; no vectors",
        "cut what is new, count everything again, pickle",
        NO_MODEL,
        handed_in=False,
    ),
)
