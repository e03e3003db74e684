"""An article as paragraphs, set as in print: kicker, headline, byline, where it is from, a rule, and the text.

The paragraphs hold each character of the article's text once, blanks at their ends left out, and nothing is said twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.talk.session import Reference
from tui.text.glyphs import NO_LINE_START
from tui.text.quotes import Span
from tui.text.typesetting import RULE, Paragraph, Touch

if TYPE_CHECKING:
    from server.schemas import ArticleDetail

INDENT = 4
"""Cells before the first line of a body paragraph: two ideographs, as in print."""
BOX_INDENT = 2
_HEAD_ROLES = frozenset({"banner", "kicker", "title", "byline"})
_ROLES = _HEAD_ROLES | {"subhead", "box"}
_GAPS = {"subhead": 1, "title": 1, "banner": 1}
"""Blank lines above, in the text; the head stands close together."""
# Records have no line breaks: where they were, there are blanks, which no sentence of Chinese has.
_BREAK = re.compile(r"\s{2,}")
_GOES_ON = frozenset("：:，,、—（(“‘《")
_SHORT_PIECE = 16
"""Characters; pieces that are shorter on average are the cells of a table, not paragraphs."""


@dataclass(frozen=True, slots=True)
class Setting:
    """An article as paragraphs."""

    paragraphs: tuple[Paragraph, ...]
    quote: tuple[int, int] | None
    """Paragraph and offset of the first character of the quote; None where none is marked."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A range of the article's text that is a paragraph."""

    role: str
    start: int
    end: int


def set_article(article: ArticleDetail, quote: Sequence[Span], also: Sequence[Span] = ()) -> Setting:
    """Sets an article.

    Args:
        article: what is set.
        quote: ranges of its text that are marked.
        also: ranges that are marked less loudly.
    """
    parts = list(_parts(article))
    head_size = next((index for index, part in enumerate(parts) if part.role not in _HEAD_ROLES), len(parts))
    paragraphs: list[Paragraph] = []
    # A record's text may open with its headline; it is not said twice.
    if article.title and not any(part.role == "title" for part in parts) and not _opens(article.text, article.title):
        paragraphs.append(Paragraph(article.title, "title"))
    first: tuple[int, int] | None = None
    for index, part in enumerate(parts):
        if index == head_size:
            paragraphs += [*_meta(article, parts), RULE]
        touches = [*_touches(part, "also", also), *_touches(part, "quote", quote)]
        starts = [touch.start for touch in touches if touch.role == "quote"]
        if first is None and starts:
            first = (len(paragraphs), starts[0])
        follows = parts[index - 1].role if index > head_size else ""
        paragraphs.append(_paragraph(article.text, part, follows, tuple(touches)))
    if head_size == len(parts):
        paragraphs += _meta(article, parts)
    return Setting(tuple(paragraphs), first)


def _parts(article: ArticleDetail) -> Iterator[_Part]:
    """The blocks, and the paragraphs in them that only blanks tell apart, without the blanks around them."""
    blocks = [(block.role, block.start, block.end) for block in article.blocks] or [("body", 0, len(article.text))]
    for role, start, end in blocks:
        text = article.text[start:end]
        cuts = [match.span() for match in _BREAK.finditer(text)] if article.kind == "record" else []
        cuts = [(low, high) for low, high in cuts if _parts_sentences(text, low, high)]
        if len(text) < _SHORT_PIECE * (len(cuts) + 1):
            cuts = []
        edges = [0, *(edge for cut in cuts for edge in cut), len(text)]
        for low, high in zip(edges[::2], edges[1::2], strict=True):
            piece = text[low:high]
            low += len(piece) - len(piece.lstrip())
            high -= len(piece) - len(piece.rstrip())
            if low < high:
                yield _Part(role if role in _ROLES else "body", start + low, start + high)


def _parts_sentences(text: str, low: int, high: int) -> bool:
    """Whether blanks stand between sentences, and not around a name or a figure in one."""
    return text[low - 1 : low] not in _GOES_ON and text[high : high + 1] not in NO_LINE_START


def _paragraph(text: str, part: _Part, follows: str, touches: tuple[Touch, ...]) -> Paragraph:
    """One part; `follows` is the role of the part before it below the rule, empty where there is none."""
    gap = 0
    if follows:
        beside_box = (part.role == "box") is not (follows == "box")
        gap = 1 if beside_box else _GAPS.get(part.role, 0) if part.role != follows else 0
    indent = BOX_INDENT if part.role == "box" else 0
    first = INDENT if part.role == "body" else indent
    return Paragraph(text[part.start : part.end], part.role, first, indent, gap, touches)


def _touches(part: _Part, look: str, ranges: Sequence[Span]) -> list[Touch]:
    return [
        Touch(max(low, part.start) - part.start, min(high, part.end) - part.start, look)
        for low, high in ranges
        if low < part.end and part.start < high
    ]


def _meta(article: ArticleDetail, parts: Sequence[_Part]) -> list[Paragraph]:
    """Who, where, when, and in which file; a byline that is a block of its own is not said twice."""
    byline = "" if any(part.role == "byline" for part in parts) or article.byline in article.text else article.byline
    line = " · ".join(part for part in (byline, " ".join(article.place), article.date or "", article.source) if part)
    return [Paragraph(text, "meta") for text in (line, article.url or "") if text]


def _opens(text: str, title: str) -> bool:
    return "".join(text.split()).startswith("".join(title.split()))


def set_gone(reference: Reference) -> list[Paragraph]:
    """Sets what is known of an article that cannot be read any more: its headline, where it stood, and the quote."""
    line = " · ".join(part for part in (" ".join(reference.place), reference.date or "", reference.source) if part)
    head = [Paragraph(reference.title, "title", gap=1)] if reference.title else []
    quote = Paragraph(reference.quote, "body", INDENT, touches=(Touch(0, len(reference.quote), "quote"),))
    return [*head, Paragraph(line, "meta", gap=0 if head else 1), RULE, *([quote] if reference.quote else [])]
