"""Speed and agreement of the embedding model: ours against sentence-transformers and against ONNX Runtime alone.

    python -m bench.embedding [TEXTS.jsonl[.gz]] [--limit 60] [--rounds 3] [--model bundled]

Each line of TEXTS has a `text`; without a file the chunks of the built-in sample are embedded. Both run on all cores,
in turns, one process, so that what else the machine does meets all alike: read the ratios, not the rates. Queries are
the openings of the texts, one at a time. The bare loop runs the same graph with the same session options over the same
texts, longest first, cut into tokens beforehand, a thread per core: no program around it can better that. Downloads
nothing; writes only to a temporary folder and the model cache.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.common import at_least_one, draw, print_table, read_lines, run, spread
from rag.corpus.articles import split_page
from rag.corpus.files import read_corpus, read_pages
from rag.embedding import bundled
from rag.embedding.model import BUNDLED, prepare_model
from rag.embedding.onnx import OnnxEmbedder, available_cores, features_of, open_session, open_tokenizer
from rag.embedding.prepared import MODEL_FILE
from rag.embedding.source import load_source, quiet
from rag.errors import InputError
from rag.index.text.chunking import chunk_article
from rag.settings import sample_path
from rag.types import Page

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

QUERY_CHARACTERS = 20
"""Length of a query: what a reader types."""
QUERIES = 20
"""Queries timed in each round."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of both on the same work, a pair for each round."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """How many times as fast ours was, round by round."""
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.embedding", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", type=Path, nargs="?", help="lines with a `text`; without it, the sample's chunks")
    parser.add_argument("--limit", type=at_least_one, default=60, help="a fixed draw of so many texts (60)")
    parser.add_argument("--rounds", type=at_least_one, default=3, help="turns that both take (3)")
    parser.add_argument("--model", default=BUNDLED, help="`bundled`, or a sentence-transformers folder")
    options = parser.parse_args(arguments)
    return run(lambda: measure(options.texts, options.limit, options.rounds, options.model))


def measure(path: Path | None, limit: int, rounds: int, model: str) -> None:
    """Embeds the texts both ways and prints ratios, rates and cosines.

    Raises:
        InputError: there are no texts.
        ModelError: the model cannot be used.
    """
    texts = draw(_texts(path), limit)
    if not texts:
        raise InputError(f"no text in {path}", hint='Each line needs a "text".')
    embedder = OnnxEmbedder(prepare_model(model))
    with reference(model) as source:
        prompts = embedder.model.passage_prompt, embedder.model.query_prompt
        cosines = agreement(embedder.embed_passages(texts), _encode(source, texts, prompts[0]))
        longest_first = sorted(texts, key=len, reverse=True)
        passages = take_turns(
            lambda: embedder.embed_passages(longest_first), lambda: _encode(source, texts, prompts[0]), rounds
        )
        alone = take_turns(
            lambda: embedder.embed_passages(longest_first),
            bare_loop(embedder, [prompts[0] + text for text in longest_first]),
            rounds,
        )
        queries = [text[:QUERY_CHARACTERS] for text in texts[:QUERIES]]
        one_by_one = take_turns(
            lambda: [embedder.embed_query(query) for query in queries],
            lambda: [_encode(source, [query], prompts[1]) for query in queries],
            rounds,
        )
    _report(texts, queries, passages, one_by_one, cosines, embedder)
    print(f"\nof the speed of a bare loop over ONNX Runtime: {spread(alone.ratios, '×')}")


@contextmanager
def reference(model: str) -> Iterator[SentenceTransformer]:
    """The same model in float32 as sentence-transformers opens it; the bundled one from a folder made for it."""
    if model != BUNDLED:
        yield load_source(model)
        return
    with tempfile.TemporaryDirectory(prefix="wenbao-bench-") as folder:
        packed = bundled.unpack(bundled.read_checked(bundled.model_file()))
        with quiet():
            bundled.write_folder(packed, Path(folder))
        yield load_source(folder)


def take_turns(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> Timing:
    """Times both, once each per round; who begins changes, so that neither always finds the caches warm."""
    ours(), theirs()
    taken: dict[bool, list[float]] = {True: [], False: []}
    for number in range(rounds):
        for mine in (True, False) if number % 2 == 0 else (False, True):
            began = time.perf_counter()
            (ours if mine else theirs)()
            taken[mine].append(time.perf_counter() - began)
    return Timing(tuple(taken[True]), tuple(taken[False]))


def bare_loop(embedder: OnnxEmbedder, texts: Sequence[str]) -> Callable[[], object]:
    """The least that embeds the texts: nothing but runs of the session, on as many threads as there are cores."""
    session = open_session(embedder.model.folder / MODEL_FILE)
    inputs = [argument.name for argument in session.get_inputs()]
    tokenizer = open_tokenizer(embedder.model)
    features = [features_of(tokenizer.encode(text), inputs) for text in texts]

    def loop() -> None:
        with ThreadPoolExecutor(available_cores()) as pool:
            list(pool.map(lambda one: session.run(None, one), features))

    return loop


def agreement(ours: Vectors, theirs: Vectors) -> Vectors:
    """(n,) the cosine of each text's two vectors; both (n, d), unit length."""
    cosines: Vectors = (ours * theirs).sum(axis=1)
    return cosines


def _texts(path: Path | None) -> list[str]:
    if path is not None:
        return [str(entry["text"]) for entry in read_lines(path) if str(entry.get("text") or "").strip()]
    pages = (page for file in read_corpus(sample_path()).files for page in read_pages(file) if isinstance(page, Page))
    articles = (article for page in pages for article in split_page(page))
    return [chunk.indexed_text for article in articles for chunk in chunk_article(article)]


def _encode(source: SentenceTransformer, texts: Sequence[str], prompt: str) -> Vectors:
    vectors: Vectors = source.encode(list(texts), prompt=prompt, normalize_embeddings=True, show_progress_bar=False)
    return vectors


def _report(
    texts: Sequence[str],
    queries: Sequence[str],
    passages: Timing,
    one_by_one: Timing,
    cosines: Vectors,
    embedder: OnnxEmbedder,
) -> None:
    characters = sum(map(len, texts)) / len(texts)
    print(
        f"{len(texts)} texts of {characters:.0f} characters on average, {len(passages.ours)} rounds, "
        f"{available_cores()} cores, model {embedder.name} ({embedder.model.precision})\n"
    )
    rates = [float(len(texts) / np.median(seconds)) for seconds in (passages.ours, passages.theirs)]
    waits = [float(1000 * np.median(seconds) / len(queries)) for seconds in (one_by_one.ours, one_by_one.theirs)]
    rows = [
        ["passages", f"{rates[0]:.1f}/s", f"{rates[1]:.1f}/s", spread(passages.ratios, "×")],
        ["a query", f"{waits[0]:.1f} ms", f"{waits[1]:.1f} ms", spread(one_by_one.ratios, "×")],
    ]
    print_table(["median of rounds", "ours", "sentence-transformers", "times as fast"], rows)
    print(f"\ncosine of the two vectors of a text: mean {cosines.mean():.5f}, worst {cosines.min():.5f}")


if __name__ == "__main__":
    raise SystemExit(main())
