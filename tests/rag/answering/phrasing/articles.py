"""Articles made up for a test."""

from __future__ import annotations

from rag.answering.phrasing.passages import Passage
from rag.types import Article, ArticleKind, Block, BlockRole


def make_article(text: str, article_id: str = "a", title: str = "", **fields: object) -> Article:
    """A record with nothing but a text, and what else is given."""
    whole = ((0, len(text)),) if text else ()
    blocks = (Block(BlockRole.BODY, 0, len(text)),)
    settings: dict[str, object] = {"kind": ArticleKind.RECORD, **fields}
    return Article(article_id, f"t#{article_id}", whole, whole, text, blocks, title, **settings)  # type: ignore[arg-type]


def make_passage(text: str, number: int = 1, **fields: object) -> Passage:
    """The whole of such an article as a passage."""
    return Passage(number, make_article(text, f"a{number}", **fields), 0, len(text))  # type: ignore[arg-type]
