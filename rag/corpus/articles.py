"""Page → articles: the public face of page reading.

Every non-blank character of a page is in exactly one article. Spans are in reading order; an article's blocks cover its
text, in the same order, without a gap.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from rag.corpus import dates, places
from rag.corpus.drafts import Draft, Part
from rag.corpus.joining import PageText
from rag.corpus.layout import Line, is_dangling, read_lines
from rag.corpus.sections import section_article
from rag.corpus.segmentation import segment
from rag.corpus.tears import bring_home
from rag.offsets import runs_of, text_of
from rag.types import Article, ArticleKind, Block, BlockRole, Page, RecordFields, Section, Span

_ID_DIGITS = 12
_BRIEF_CHARS = 330
_MARKDOWN = re.compile(r"^#{1,6}\s+|\s+#+$")
_BLANKS = re.compile(r"[ \u3000\t]{2,}")


def split_page(page: Page) -> list[Article]:
    """The articles of a page, in the order of their first printed line.

    A record passes through as one article, a section of a document, too; a blank page has none. Any text can be split:
    nothing is raised, and the non-blank characters of the page are parted among the articles.
    """
    if page.record is not None:
        return _record_article(page, page.record)
    if page.layout is not None and page.layout.sections:
        return _section_articles(page, page.layout.sections)
    lines = read_lines(page.text)
    if not lines:
        return []
    text = PageText(page.text, lines)
    drafts = bring_home(segment(lines, text), text)
    drafts.sort(key=lambda draft: min(line.index for line, _ in draft.parts))
    ordinals: Counter[str] = Counter()
    articles: list[Article] = []
    for draft in drafts:
        title = _title(draft)
        articles.append(_article(page, draft, title, ordinals[title]))
        ordinals[title] += 1
    return articles


def article_id(source: str, title: str, ordinal: int) -> str:
    """12 hex digits that survive edits of the body: from the source, the headline, and its number among equal ones."""
    return sha256(f"{source}\n{title}\n{ordinal}".encode()).hexdigest()[:_ID_DIGITS]


def _article(page: Page, draft: Draft, title: str, ordinal: int) -> Article:
    parts = draft.parts
    spans = _spans(parts)
    text = text_of(page.text, spans)
    body = "".join(line.text for line, role in parts if role in (BlockRole.BODY, BlockRole.SUBHEAD))
    kicker = " / ".join(line.text for line, role in draft.heading if role is BlockRole.KICKER)
    is_banner = draft.is_banner
    return Article(
        article_id=article_id(page.source, title, ordinal),
        source=page.source,
        spans=spans,
        runs=runs_of(page.text, spans),
        text=text,
        blocks=_blocks(parts),
        title=title,
        kicker=kicker or draft.column,
        byline=_byline(draft),
        place=() if is_banner else places.of_article(title, kicker, body),
        date=None if is_banner else dates.of_article(body),
        kind=_kind(draft, text),
    )


def _record_article(page: Page, record: RecordFields) -> list[Article]:
    """A record as it stands: one article, its text trimmed as offsets demand."""
    spans: tuple[Span, ...] = ((0, len(page.text)),)
    runs = runs_of(page.text, spans)
    if not runs:
        return []
    text = "".join(page.text[start:end] for start, end in runs)
    return [
        Article(
            article_id=record.article_id,
            source=page.source,
            spans=((runs[0][0], runs[-1][1]),),
            runs=runs,
            text=text,
            blocks=(Block(BlockRole.BODY, 0, len(text)),),
            title=record.title,
            byline=record.byline,
            place=record.place,
            date=record.date,
            kind=ArticleKind.RECORD,
            url=record.url,
        )
    ]


def _section_articles(page: Page, sections: Sequence[Section]) -> list[Article]:
    ordinals: Counter[str] = Counter()
    articles: list[Article] = []
    for section in sections:
        name = section.article_id or article_id(page.source, section.title, ordinals[section.title])
        article = section_article(page, section, name)
        if article is not None:
            articles.append(article)
            ordinals[section.title] += 1
    return articles


def _spans(parts: Sequence[Part]) -> tuple[Span, ...]:
    """Source spans of lines in reading order; neighbouring lines make one span."""
    spans: list[Span] = []
    last: Line | None = None
    for line, _ in parts:
        if last is not None and line.index == last.index + 1:
            spans[-1] = (spans[-1][0], line.end)
        else:
            spans.append((line.start, line.end))
        last = line
    return tuple(spans)


def _blocks(parts: Sequence[Part]) -> tuple[Block, ...]:
    """Blocks of the text: a block a line, the pieces of a torn paragraph in one."""
    blocks: list[Block] = []
    at = 0
    torn = False
    for line, role in parts:
        end = at + len(line.text)
        if blocks and role is BlockRole.BODY and torn and blocks[-1].role is BlockRole.BODY:
            blocks[-1] = Block(role, blocks[-1].start, end)
        else:
            blocks.append(Block(role, at, end))
        torn = role is BlockRole.BODY and is_dangling(line.text)
        at = end
    return tuple(blocks)


def _title(draft: Draft) -> str:
    """The headline as one line; a piece without one goes by its first subhead."""
    titles = list(dict.fromkeys(draft.titles))
    if not titles and not draft.has_byline:
        titles = [line.text for line, role in draft.parts if role is BlockRole.SUBHEAD][:1]
    return _BLANKS.sub(" ", " ".join(_MARKDOWN.sub("", title) for title in titles)).strip()


def _byline(draft: Draft) -> str:
    """The byline as printed: above or in the first paragraph, else the credit, else the names at the end."""
    if draft.is_caption and draft.credit:
        return draft.credit
    if draft.bylines:
        return " ".join(draft.bylines)
    if "记者" in draft.lead or "通讯员" in draft.lead:
        return draft.lead
    return draft.signature or draft.lead or draft.credit


def _kind(draft: Draft, text: str) -> ArticleKind:
    if draft.is_banner:
        return ArticleKind.BANNER
    if draft.is_caption:
        return ArticleKind.CAPTION
    if draft.bylines or (draft.column and "特写" in draft.column):
        return ArticleKind.FEATURE
    return ArticleKind.BRIEF if len(text) <= _BRIEF_CHARS else ArticleKind.NEWS
