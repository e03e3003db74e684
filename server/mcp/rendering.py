"""Replies as text for a language model to read: what a person would want to see of them, in one block.

What steers a terminal is shown as �, for the program at the other end may be one. The structured reply beside the text
holds every character as it is printed.
"""

from __future__ import annotations

from collections.abc import Iterable

from rag.steering import printable
from server.schemas import ArticleDetail, AskResponse, CitationOut, HitOut, SearchResponse

NEAREST = 3
"""Hits that a refusal shows."""


def search_text(reply: SearchResponse) -> str:
    """The passages, each under its headline and the id to read the article by."""
    if not reply.hits:
        return "Nothing was found."
    return printable("\n\n".join(f"{hit.rank}. {_heading(hit)}\n{hit.text}" for hit in reply.hits))


def answer_text(reply: AskResponse) -> str:
    """The answer, then what its marks stand for; for a refusal what came nearest."""
    parts = [reply.answer]
    if reply.citations:
        parts.append(
            "\n".join(
                f"[{one.n}] {_joined((one.title, one.byline, one.date or '', _place(one)))} "
                f"(article_id {one.article_id})\n    {one.quote}"
                for one in reply.citations
            )
        )
    elif reply.hits:
        nearest = "\n".join(f"- {_heading(hit)}" for hit in reply.hits[:NEAREST])
        parts.append(f"Nothing in the corpus supports an answer. Nearest, and perhaps beside the point:\n{nearest}")
    parts += [f"note: {warning}" for warning in reply.warnings]
    return printable("\n\n".join(parts))


def _place(citation: CitationOut) -> str:
    return citation.source if citation.page is None else f"{citation.source} p. {citation.page}"


def article_text(article: ArticleDetail) -> str:
    """The article as it is printed, a paragraph a line, under what is known of it."""
    known = _joined((article.date or "", "".join(article.place), article.source))
    paragraphs = [article.text[block.start : block.end] for block in article.blocks]
    # The headline of a record stands beside its text; that of a page is its first line or two.
    headline = [article.title] if article.title and not any(block.role == "title" for block in article.blocks) else []
    return printable("\n".join((f"{known} (article_id {article.article_id})\n", *headline, *paragraphs)))


def _heading(hit: HitOut) -> str:
    others = f"also printed in {len(hit.others)} more" if hit.others else ""
    told = _joined((hit.title, hit.byline, hit.date or "", "".join(hit.place), hit.source, others))
    return f"{told} (article_id {hit.article_id})"


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)
