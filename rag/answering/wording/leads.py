"""The sentences that stand for an article where nothing is asked of it but whose, where or of which day it is.

The byline shows the author, a sentence with the day shows the day; the lead tells what the article is about and, as a
rule, where.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.finding.clauses import best_window
from rag.answering.finding.evidence import Evidence, Sentence, content_words, sentences_of
from rag.answering.finding.passages import trimmed
from rag.answering.wording.composing import Quote
from rag.corpus import places
from rag.corpus.places import PlacePath
from rag.types import Article, BlockRole, Span

_EARLY = 0.25
"""What it adds to a sentence's share of the headline that it opens the article."""
_NAMES_PLACE = 0.25
"""What it adds that the sentence names where the article plays."""


def lead(article: Article, day: str = "", wanted: Sequence[PlacePath] = ()) -> Evidence:
    """The sentence of the body that says most of what the headline says, or holds the day, or names the place.

    Args:
        day: as `8月16日`; the sentence has to hold it where any does.
        wanted: places; the sentence has to name one, or something in it, where any does.
    """
    sentences = sentences_of(article)
    body = [s for s in sentences if s.role in (BlockRole.BODY, BlockRole.BOX)] or sentences
    proof = [sentence for sentence in body if day in sentence.text] if day else _naming(article, body, wanted)
    best = max(proof or body, key=lambda s: (_tells(article, s.text) + _EARLY * (s is body[0]), -s.start))
    return Evidence(best, 1.0, 1.0, 0.0, 1.0, 1.0, (), False, ())


def _within(path: PlacePath, wanted: Sequence[PlacePath]) -> bool:
    return any(path[: len(one)] == one for one in wanted)


def _naming(article: Article, sentences: Sequence[Sentence], wanted: Sequence[PlacePath]) -> list[Sentence]:
    """The sentences that name a place wanted or something in it; of an article that plays elsewhere, the most exact."""
    named = [mention for mention in places.find(article.text) if _within(mention.path, wanted)]
    if not _within(article.place, wanted):
        deepest = max((len(mention.path) for mention in named), default=0)
        named = [mention for mention in named if len(mention.path) == deepest]
    return [one for one in sentences if any(one.start <= mention.start < one.end for mention in named)]


def lead_quote(sentence: Sentence, limit: int, day: str = "") -> Quote:
    """The clauses of a lead that tell most, in at most `limit` characters."""
    article = sentence.article
    start, end = best_window(
        sentence.text, limit, lambda text: _tells(article, text) + (1.0 if day and day in text else 0.0)
    )
    return trimmed(Quote(article, sentence.start + start, sentence.start + end))


def _tells(article: Article, text: str) -> float:
    """How much of the headline a text says, and whether it names the place."""
    wanted = set(content_words(article.title or article.kicker))
    held = len(wanted & set(content_words(text))) / len(wanted) if wanted else 0.0
    return held + (_NAMES_PLACE if any(part[:2] in text for part in article.place) else 0.0)


def headline_quote(article: Article) -> Quote | None:
    """The headline as it is printed; None where the article has none."""
    block = next((block for block in article.blocks if block.role is BlockRole.TITLE), None)
    return Quote(article, block.start, block.end) if block else None


def byline_quote(article: Article, author: str) -> Quote | None:
    """What is printed of those who wrote the article, where the author is among them."""
    for block in article.blocks:
        if block.role is BlockRole.BYLINE and author in article.text[block.start : block.end]:
            return Quote(article, block.start, block.end)
    start = article.text.find(article.byline) if author in article.byline else -1
    if start >= 0:
        return Quote(article, start, start + len(article.byline))
    span = _around(article.text, author)
    return Quote(article, *span) if span else None


def _around(text: str, name: str) -> Span | None:
    """A name with the brackets or dashes that it stands in."""
    at = text.find(name)
    if at < 0:
        return None
    start = max(text.rfind(mark, 0, at) for mark in "(（【。")
    ends = [end for mark in ")）】。" if (end := text.find(mark, at)) >= 0]
    start = start if start >= 0 and text[start] != "。" else start + 1
    return (start, min(ends) + 1) if ends and min(ends) - start < 80 else (at, at + len(name))
