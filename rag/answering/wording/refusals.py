"""The honest no, in the question's language."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.reading.question import Question
from rag.types import Hit


def refusal_text(question: Question, hits: Sequence[Hit]) -> str:
    """Says that the pages do not answer, and what they do hold nearby."""
    titles = list(dict.fromkeys(hit.article.title for hit in hits if hit.article.title))[:2]
    if question.english:
        near = f" The nearest articles: {'; '.join(titles)}." if titles else ""
        return f"The pages do not say.{near}"
    near = f"最接近的报道：{'、'.join(f'《{title}》' for title in titles)}。" if titles else ""
    return f"资料中没有提到。{near}"
