"""LanceDB: a table with vectors and its full-text index, both searched and fused by reciprocal ranks.

`haiku.rag` sets it up as haiku.rag does: positions kept, stop words kept, cosine distance with refinement, no vector
index (haiku.rag makes one only when asked to), scalar indexes on the ids. `jieba` differs in the tokenizer alone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jieba
import lancedb
from lancedb.index import FTS, BTree
from lancedb.rerankers import RRFReranker

from bench.peers.engines.base import Passage, TorchModel, Vectors

REFINE = 30

WORDS = {
    "haiku.rag": FTS(with_position=True, remove_stop_words=False),
    "jieba": FTS(with_position=True, remove_stop_words=False, stem=False, base_tokenizer="jieba/default"),
}


class LanceDb:
    """One table of a local database."""

    def __init__(self, folder: Path, model: Path, variant: str) -> None:
        self._folder = folder
        self._source = model
        self._words = WORDS[variant]
        self._model: TorchModel | None = None
        self._table: Any = None
        if variant == "jieba":
            _lay_out_dictionary(folder / "models")

    @property
    def model(self) -> TorchModel:
        """Loaded when it is first needed."""
        self._model = self._model or TorchModel(self._source)
        return self._model

    def load_model(self) -> None:
        """Loads it and runs it once."""
        self.model.embed_query("热身")

    def build(self, passages: Sequence[Passage], vectors: Vectors | None) -> None:
        """Writes the table, then makes its indexes."""
        rows = self._rows(passages, vectors)
        self._table = self._connect().create_table("passages", rows, mode="overwrite")
        self._table.create_index("text", config=self._words)
        self._table.create_index("id", config=BTree())
        self._table.create_index("article", config=BTree())

    def open(self) -> None:
        """Opens the table."""
        self._table = self._connect().open_table("passages")

    def search(self, question: str, k: int) -> list[str]:
        """Hybrid."""
        query = self._table.search(query_type="hybrid", vector_column_name="vector", fts_columns="text")
        query = query.vector(self.model.embed_query(question)).text(question)
        query = query.distance_type("cosine").refine_factor(REFINE).rerank(RRFReranker()).limit(k)
        return [row["article"] for row in query.to_list()]

    def replace(self, article: str, passages: Sequence[Passage]) -> None:
        """Merges the new rows in and drops the article's others, then has the indexes take them up (`optimize`)."""
        quoted = article.replace("'", "''")
        (
            self._table.merge_insert("id")
            .when_matched_update_all()
            .when_not_matched_insert_all()
            .when_not_matched_by_source_delete(f"article = '{quoted}'")
            .execute(self._rows(passages, None))
        )
        self._table.optimize()

    def _connect(self) -> Any:
        return lancedb.connect(self._folder / "lance")

    def _rows(self, passages: Sequence[Passage], vectors: Vectors | None) -> list[dict[str, object]]:
        if vectors is None:
            vectors = self.model.embed_passages([one.text for one in passages])
        return [
            {"id": one.id, "article": one.article, "text": one.text, "vector": vector}
            for one, vector in zip(passages, vectors, strict=True)
        ]


def _lay_out_dictionary(home: Path) -> None:
    """Gives LanceDB the dictionary of the package jieba, at the place where it looks for one."""
    place = home / "jieba" / "default"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "dict.txt").exists():
        shutil.copyfile(Path(jieba.__file__).parent / "dict.txt", place / "dict.txt")
    os.environ["LANCE_LANGUAGE_MODEL_HOME"] = str(home)


make = LanceDb
