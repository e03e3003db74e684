"""A bigger index out of one that is there, for measuring at sizes that nobody wants to wait for.

The added articles are made of the corpus's own sentences in new orders, so words are as common as they really are; the
vectors of their chunks are noisy copies of vectors that are there, so nothing is embedded. Everything else is done by
the indexer itself.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.common import SEED
from rag.corpus.articles import split_page
from rag.embedding.base import BatchProgress
from rag.errors import InputError
from rag.index.building.builder import build_index
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.index.text.chunking import chunk_article
from rag.index.text.sentences import split_sentences
from rag.settings import Settings
from rag.types import Article, IndexReport, Page, RecordFields

NOISE = 0.1
"""Length of what is added to a unit vector that is copied: the copy's cosine with it is 0.995."""
ADDED = "recombined.jsonl.gz"
"""The file of the grown corpus that holds the added articles."""


class CopyingEmbedder:
    """Stands in for the model of an index: every text gets a noisy copy of one of its vectors, always the same one.

    Args:
        generation: whose vectors are copied, and whose model this one pretends to be.
    """

    def __init__(self, generation: Generation) -> None:
        self.name = generation.manifest.model
        self.fingerprint = generation.manifest.model_fingerprint
        self.dimension = generation.manifest.dimension
        self._vectors = generation.vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self.embed_passages([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.embed_passages(texts)

    def embed_passages(self, texts: Sequence[str], progress: BatchProgress | None = None) -> NDArray[np.float32]:
        seeds = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") for text in texts]
        copied = self._vectors.vectors(np.asarray([seed % len(self._vectors) for seed in seeds], np.int64))
        noise = np.array([np.random.default_rng(seed).normal(size=self.dimension) for seed in seeds], np.float32)
        noise = noise.reshape(copied.shape)
        noisy = copied + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        found: NDArray[np.float32] = (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)
        if progress is not None:
            progress(len(texts), len(texts))
        return found


def grow(vectors: Path, corpus: Path | None, out: Path, chunks: int) -> IndexReport:
    """Makes an index of at least so many chunks in `out/vectors` from the one in `vectors`; its corpus is `out/corpus`.

    Args:
        vectors: holds the index to start from; it is only read.
        corpus: what that was built from; None where it still lies where the index says.
        out: an empty folder, or none yet.
        chunks: fewer than there are already add nothing.

    Raises:
        InputError: `out` holds something already, or the corpus is not there.
        StoreError: the index cannot be opened.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty", hint="Name a folder that is not there yet.")
    generation = Store(vectors).current()
    source = corpus or Path(generation.manifest.corpus)
    if not source.exists():
        raise InputError(f"the corpus {source} is not there", hint="Name it: --corpus PATH.")
    target = out / "corpus"
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.mkdir(parents=True)
        shutil.copy(source, target)
    shutil.copytree(vectors, out / "vectors")
    with gzip.open(target / ADDED, "wt", encoding="utf-8", compresslevel=1) as file:
        for record in recombined(list(generation.articles()), chunks - len(generation)):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    settings = Settings(corpus=target, vectors=out / "vectors")
    try:
        return build_index(settings, embedder=CopyingEmbedder(generation))
    finally:
        generation.close()


def recombined(
    articles: Sequence[Article], chunks: int, seed: int = SEED, name: str = "recombined"
) -> Iterator[dict[str, object]]:
    """Records of at least so many chunks: each has an article's headline, date, place and number of sentences.

    Args:
        articles: whose sentences, headlines, dates and places they are made of.
        chunks: how many their texts are cut into, at least.
        seed: another one gives other records.
        name: what their ids begin with.
    """
    random = np.random.default_rng(seed)
    ranges = [split_sentences(article.text) for article in articles]
    sentences = [article.text[slice(*span)] for article, found in zip(articles, ranges, strict=True) for span in found]
    made = number = 0
    while made < chunks and sentences:
        model = int(random.integers(len(articles)))
        drawn = random.integers(len(sentences), size=max(len(ranges[model]), 1))
        record_id, text = f"{name}-{number}", "".join(sentences[index] for index in drawn)
        article = articles[model]
        fields = RecordFields(record_id, title=article.title, date=article.date, place=article.place)
        [split] = split_page(Page(f"{ADDED}#{record_id}", text, fields))
        made, number = made + len(chunk_article(split)), number + 1
        yield {
            "id": record_id, "title": article.title, "text": text, "date": article.date, "place": list(article.place),
        }  # fmt: skip
