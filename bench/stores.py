"""The same questions to both stores: what each finds, how far they agree, and Milvus's own ways beside ours.

    python -m bench.stores --questions QUESTIONS.jsonl[.gz] --vectors DIR [--store milvus://…] [--limit 300] [--own]

DIR is an index whose passages are in its own folder; it is copied, and the copy's passages are moved to Milvus, by
default to a Milvus Lite file that is thrown away. Questions are as for `bench.retrieval`. With `--own`, passages are
also written for Milvus's BM25 function, cut by its jieba analyzer and by us, and its own rankers fuse what ours does.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.common import Asked, at_least_one, latency, print_table, read_questions, run
from bench.retrieval import DEPTH, Score, rank_of
from rag.embedding import model
from rag.embedding.base import Embedder
from rag.errors import InputError
from rag.index.building.builder import build_index
from rag.index.legs.keyword_index import K1, B
from rag.index.milvus import collection as fields
from rag.index.milvus.address import parse_store
from rag.index.milvus.collection import ChunkCollection
from rag.index.milvus.connection import disconnect
from rag.index.milvus.legs import MilvusVectors, MilvusWords
from rag.index.milvus.weights import question_weights
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.index.text.terms import hash_terms
from rag.retrieval.retriever import CANDIDATES, Retriever
from rag.settings import Settings
from rag.types import Mode

WIDTHS = (50, 100, 200, 400, 800)
"""Of the search through the graph (ef)."""
MODES: tuple[Mode, ...] = ("dense", "lexical", "hybrid")
Search = Callable[[str, NDArray[np.float32]], list[int]]
"""Question and its vector → rows, best first."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.stores", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=Path, required=True, help="lines with `question` and `article_ids`")
    parser.add_argument("--vectors", type=Path, required=True, help="folder that holds a local index")
    parser.add_argument("--store", help="the Milvus to move its passages to (a Milvus Lite file)")
    parser.add_argument("--limit", type=at_least_one, default=300, help="a fixed draw of so many questions (300)")
    parser.add_argument("--own", action="store_true", help="also measure Milvus's BM25 function and rankers")
    options = parser.parse_args(arguments)
    return run(lambda: measure(options.questions, options.vectors, options.store, options.limit, options.own))


def measure(path: Path, vectors: Path, store: str | None, limit: int, own: bool) -> None:
    """Moves, asks and prints.

    Raises:
        InputError: the questions cannot be read, or the index is of another model.
        StoreError: the index cannot be opened, or Milvus is away.
    """
    asked = [one for one in read_questions(path, limit)[0] if one.article_ids]
    local, embedder = Store(vectors).current(), model.open_embedder(model.BUNDLED)
    if local.manifest.model_fingerprint != embedder.fingerprint:
        raise InputError(
            f"{vectors} was built with {local.manifest.model}", hint="Build it anew first: `wenbao index`."
        )
    with tempfile.TemporaryDirectory(prefix="wenbao-") as scratch:
        address = store or str(Path(scratch) / "milvus.db")
        remote = moved(local, Path(scratch) / "vectors", address, embedder)
        compare(local, remote, embedder, asked)
        print_widths(local, remote, embedder, asked)
        if own:
            print_own(remote, embedder, asked)
        remote.close()
        where = parse_store(address)
        if where is not None and store is None:
            disconnect(where)


def moved(local: Generation, vectors: Path, store: str, embedder: Embedder) -> Generation:
    """The same index with its passages in Milvus; tells how long that took."""
    shutil.copytree(local.folder.parent.parent, vectors)
    manifest = local.manifest
    corpus = None if manifest.is_sample else Path(manifest.corpus)
    began = time.perf_counter()
    report = build_index(Settings(corpus=corpus, vectors=vectors, store=store), embedder=embedder)
    print(
        f"{report.counts.articles:,} articles, {report.counts.chunks:,} passages moved to {store} in "
        f"{time.perf_counter() - began:.0f} s, {report.embedded:,} embedded\n"
    )
    return Store(vectors).current()


def compare(local: Generation, remote: Generation, embedder: Embedder, asked: Sequence[Asked]) -> None:
    """Quality and time of each way of searching in each store, and how much of the first ten is the same."""
    rows, shared = [], {}
    retrievers = {"local": Retriever(local, embedder), "Milvus": Retriever(remote, embedder)}
    for mode in MODES:
        scores, firsts = {name: Score() for name in retrievers}, {name: [] for name in retrievers}
        for one in asked:
            vector = embedder.embed_query(one.question)
            for name, retriever in retrievers.items():
                began = time.perf_counter()
                found = [one.row for one in retriever.candidates(one.question, mode=mode, vector=vector)]
                scores[name].seconds.append(time.perf_counter() - began)
                scores[name].ranks.append(rank_of(one.article_ids, local, found))
                firsts[name].append(set(found[:DEPTH]))
        rows += [_row(f"{mode}, {name}", score) for name, score in scores.items()]
        pairs = zip(firsts["local"], firsts["Milvus"], strict=True)
        shared[mode] = float(np.mean([len(ours & theirs) / max(len(ours), 1) for ours, theirs in pairs]))
    print_table(_HEADER, rows)
    print(
        "\nthe same among the first ten passages:", ", ".join(f"{mode} {share:.3f}" for mode, share in shared.items())
    )
    print()


def print_widths(local: Generation, remote: Generation, embedder: Embedder, asked: Sequence[Asked]) -> None:
    """How many of the ten nearest vectors the graph finds, by the width of the search."""
    vectors = [embedder.embed_query(one.question) for one in asked]
    exact = [set(local.vectors.search(vector, DEPTH)[1].round(5).tolist()) for vector in vectors]
    width, rows = fields.WIDTH, []
    try:
        for wide in WIDTHS:
            fields.WIDTH = wide
            found, seconds = [], []
            for vector, best in zip(vectors, exact, strict=True):
                began = time.perf_counter()
                scores = remote.vectors.search(vector, DEPTH)[1].round(5).tolist()
                seconds.append(time.perf_counter() - began)
                found.append(len(best & set(scores)) / max(len(best), 1))
            rows.append([str(wide), f"{np.mean(found):.4f}", latency(seconds)])
    finally:
        fields.WIDTH = width
    print_table(["width (ef)", "of the ten nearest", "ms p50 · p95"], rows)
    print()


def print_own(remote: Generation, embedder: Embedder, asked: Sequence[Asked]) -> None:
    """Milvus's own BM25 function, cut by either, and its own rankers over our two fields."""
    rows = []
    for name, search in own_ways(remote).items():
        found = Score()
        for one in asked:
            vector = embedder.embed_query(one.question)
            began = time.perf_counter()
            ranked = search(one.question, vector)
            found.seconds.append(time.perf_counter() - began)
            found.ranks.append(rank_of(one.article_ids, remote, ranked))
        rows.append(_row(name, found))
    print_table(_HEADER, rows)


def own_ways(remote: Generation) -> dict[str, Search]:
    """The ways of searching that Milvus brings itself, by name."""
    from pymilvus import AnnSearchRequest, RRFRanker, WeightedRanker

    words, vectors = remote.words, remote.vectors
    if not (isinstance(words, MilvusWords) and isinstance(vectors, MilvusVectors)):
        raise InputError("the index is not in Milvus", hint="Name another --store.")
    collection = vectors.collection

    def fused(ranker: Any) -> Search:
        def search(question: str, vector: NDArray[np.float32]) -> list[int]:
            terms = remote.analyzer.terms(question)
            known = np.where(words.document_frequency(terms) > 0, words.idf(terms), 0).astype(np.float32)
            asked = {"vector": vector.tolist(), "words": question_weights(hash_terms(terms), known)}
            requests = [
                AnnSearchRequest([one], field, {"metric_type": "IP", "params": {}}, CANDIDATES)
                for field, one in asked.items()
                if one
            ]
            call = collection.connection.call
            [hits] = call("hybrid_search", collection.name, reqs=requests, ranker=ranker, limit=CANDIDATES)
            return _rows(words, [hit["id"] for hit in hits])

        return search

    jieba = text_collection(remote, words, "jieba", lambda text: text)
    cut = text_collection(remote, words, "standard", lambda text: _tokens(remote, text))
    return {
        "BM25 function, jieba analyzer": _by_function(words, jieba, lambda text: text),
        "BM25 function, our terms": _by_function(words, cut, lambda text: _tokens(remote, text, once=True)),
        "hybrid_search, RRFRanker(60)": fused(RRFRanker(60)),
        "hybrid_search, WeightedRanker(0.5, 0.5)": fused(WeightedRanker(0.5, 0.5)),
    }


def text_collection(
    remote: Generation, words: MilvusWords, tokenizer: str, made: Callable[[str], str]
) -> ChunkCollection:
    """The passages again, for Milvus's BM25 function."""
    from pymilvus import DataType, Function, FunctionType, MilvusClient

    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    parameters = {"tokenizer": tokenizer}
    schema.add_field("text", DataType.VARCHAR, max_length=65_535, enable_analyzer=True, analyzer_params=parameters)
    schema.add_field("weights", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(Function("bm25", FunctionType.BM25, ["text"], ["weights"]))
    indexes = MilvusClient.prepare_index_params()
    constants = {"bm25_k1": K1, "bm25_b": B}
    indexes.add_index("weights", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=constants)
    found = ChunkCollection(words.collection.connection, f"{words.collection.name}_{tokenizer}")
    found.connection.call("create_collection", found.name, schema=schema, index_params=indexes)
    texts = ((row, made(remote.chunk(row).indexed_text)) for row in range(len(remote)))
    found.put([{"id": int(words.rows.entities[row]), "text": text} for row, text in texts])
    found.settle()
    return found


def _by_function(words: MilvusWords, collection: ChunkCollection, made: Callable[[str], str]) -> Search:
    def search(question: str, _: NDArray[np.float32]) -> list[int]:
        [hits] = collection.connection.call(
            "search", collection.name, data=[made(question)], anns_field="weights", limit=CANDIDATES
        )
        return _rows(words, [hit["id"] for hit in hits])

    return search


def _tokens(remote: Generation, text: str, once: bool = False) -> str:
    hashes = remote.analyzer.term_hashes(text).tolist()
    return " ".join(f"t{number:x}" for number in (dict.fromkeys(hashes) if once else hashes))


def _rows(words: MilvusWords, entities: Sequence[int]) -> list[int]:
    return [int(row) for row in words.rows.rows_of(np.asarray(entities, np.int64))[0]]


_HEADER = ["way", "recall@1", "recall@5", "recall@10", "MRR@10", "ms p50 · p95"]


def _row(name: str, found: Score) -> list[str]:
    recalls: Iterator[str] = (f"{found.recall(depth):.3f}" for depth in (1, 5, 10))
    return [name, *recalls, f"{found.mean_reciprocal_rank:.3f}", latency(found.seconds)]


if __name__ == "__main__":
    raise SystemExit(main())
