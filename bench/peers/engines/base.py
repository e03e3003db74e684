"""What is asked of every library that is measured, and what several of them share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

QUERY_PROMPT = "query: "
PASSAGE_PROMPT = "passage: "
"""What the bundled model was trained to see before a text; given to each library in the way it has for that."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text unit, the same for all: what wenbao embeds and indexes of a chunk."""

    article: str
    number: int
    """Within its article."""
    text: str

    @property
    def id(self) -> str:
        """Unique; `article_of` reads the article from it."""
        return f"{self.number}@{self.article}"


class Engine(Protocol):
    """A library over one folder, set up as its row says."""

    def load_model(self) -> None:
        """Loads the embedding model and runs it once, so that indexing is timed without that."""

    def build(self, passages: Sequence[Passage], vectors: Vectors | None) -> None:
        """Indexes the passages and keeps the index in the folder.

        Args:
            passages: all of them, whole articles.
            vectors: (n, d), unit length, in their order; None: the library embeds them itself.
        """

    def open(self) -> None:
        """Opens what `build` kept, ready to search."""

    def search(self, question: str, k: int) -> list[str]:
        """The articles of the `k` best passages, best first, an article as often as its passages come."""

    def replace(self, article: str, passages: Sequence[Passage]) -> None:
        """Puts new passages in the place of an article's old ones, in the opened index and in the folder."""


def article_of(passage_id: str) -> str:
    """The article of a passage's id."""
    return passage_id.partition("@")[2]


def articles_of(passage_ids: Iterable[str]) -> list[str]:
    """The article of each."""
    return [article_of(one) for one in passage_ids]


def write_passages(path: Path, passages: Iterable[Passage]) -> None:
    """A line for each."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in passages)


def read_passages(path: Path) -> list[Passage]:
    """What `write_passages` wrote."""
    with path.open(encoding="utf-8") as file:
        return [Passage(**json.loads(line)) for line in file]


class TorchModel:
    """The embedding model as sentence-transformers opens it, for libraries that leave embedding to their user."""

    def __init__(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer

        self._model: Any = SentenceTransformer(str(folder), device="cpu")

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32, unit length, with the model's own prompt."""
        vectors: Vectors = self._model.encode_document(list(texts), show_progress_bar=False)
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """(d,)"""
        vector: Vectors = self._model.encode_query(text, show_progress_bar=False)
        return vector


def batches(passages: Sequence[Passage], size: int) -> Iterator[Sequence[Passage]]:
    """Runs of at most `size`."""
    for start in range(0, len(passages), size):
        yield passages[start : start + size]
