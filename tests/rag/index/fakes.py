"""A small embedder, corpora and articles for the tests of the index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import BatchProgress
from rag.index.text.terms import terms
from rag.offsets import runs_of, text_of
from rag.types import Article, Block, BlockRole


class WordEmbedder:
    """Bags of hashed words: texts that share words are near each other, so rankings mean something.

    Args:
        fingerprint: another one stands for another model.
        fail_after: embedding fails once so many texts were embedded; None never.
    """

    name = "words"
    dimension = 96

    def __init__(self, fingerprint: str = "f00d", fail_after: int | None = None) -> None:
        self.fingerprint = fingerprint
        self.texts: list[str] = []
        self._fail_after = fail_after

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector = np.full(self.dimension, 0.01, np.float32)
        for term in terms(text):
            vector[int.from_bytes(hashlib.sha256(term.encode()).digest()[:4], "big") % self.dimension] += 1
        return vector / np.linalg.norm(vector)

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.embed_query(text) for text in texts])

    def embed_passages(self, texts: Sequence[str], progress: BatchProgress | None = None) -> NDArray[np.float32]:
        if self._fail_after is not None and len(self.texts) >= self._fail_after:
            raise KeyboardInterrupt
        self.texts += texts
        return self.embed_queries(texts)


def make_article(paragraphs: Sequence[str], *, title: str = "", article_id: str = "a", **fields: Any) -> Article:
    """An article of a page that holds the headline and the paragraphs, a line each."""
    lines = [*([title] if title else []), *paragraphs]
    source_text = "\n".join(lines)
    spans = ((0, len(source_text)),)
    text = text_of(source_text, spans)
    blocks, at = [], 0
    for line in lines:
        length = len(text_of(line, ((0, len(line)),)))
        role = BlockRole.TITLE if title and not blocks else BlockRole.BODY
        blocks.append(Block(role, at, at + length))
        at += length
    return Article(
        article_id=article_id,
        source="page.txt",
        spans=spans,
        runs=runs_of(source_text, spans),
        text=text,
        blocks=tuple(block for block in blocks if block.end > block.start),
        title=title,
        **fields,
    )


def write_records(path: Path, records: Iterable[dict[str, object]]) -> Path:
    """A JSONL corpus file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


TOPICS = (
    "水库放水灌溉稻田",
    "邮局增设夜间窗口",
    "渔船换装北斗终端",
    "山村小学添了合唱课",
    "老茶馆重新开张",
    "候鸟飞抵湿地越冬",
)


def records(prefix: str = "r", count: int = 6) -> list[dict[str, object]]:
    """Records on different topics, each long enough for several chunks."""
    found: list[dict[str, object]] = []
    for number in range(count):
        topic = TOPICS[number % len(TOPICS)]
        sentences = [f"{topic}的第{number}号消息说，编号{prefix}{number}丙{part}已经办妥。" for part in range(12)]
        found.append({"id": f"{prefix}{number}", "title": f"{topic}（{number}）", "text": "".join(sentences)})
    return found
