"""A section of a document → an article: a line a block, with the roles that the form of its file gives."""

from __future__ import annotations

from rag.corpus import dates, places
from rag.corpus.layout import is_dangling
from rag.offsets import runs_of
from rag.types import Article, ArticleKind, Block, BlockRole, Page, Section, Span

_HEADING_ROLES = frozenset({BlockRole.TITLE, BlockRole.KICKER, BlockRole.SUBHEAD})
_PAGE_END = "\f"


def section_article(page: Page, section: Section, article_id: str) -> Article | None:
    """The article that a section is; None for a blank one.

    Args:
        page: the text that the section is part of.
        article_id: of the article.
    """
    runs = runs_of(page.text, [(section.start, section.end)])
    if not runs:
        return None
    blocks = _blocks(page.text, runs, section)
    text = "".join(page.text[start:end] for start, end in runs)
    body = "\n".join(text[block.start : block.end] for block in blocks if block.role not in _HEADING_ROLES)
    return Article(
        article_id=article_id,
        source=page.source,
        spans=((runs[0][0], runs[-1][1]),),
        runs=runs,
        text=text,
        blocks=blocks,
        title=section.title,
        byline=section.byline,
        place=section.place or places.of_article(section.title, "", body),
        date=section.date or dates.of_article(body),
        kind=ArticleKind.RECORD,
        url=section.url,
    )


def _blocks(source_text: str, runs: tuple[Span, ...], section: Section) -> tuple[Block, ...]:
    """A block a run; a sentence that goes on over the end of a page keeps its paragraph together."""
    roles = {heading.start: heading.role for heading in section.headings}
    blocks: list[Block] = []
    at = 0
    for number, (start, end) in enumerate(runs):
        role = roles.get(start, BlockRole.BODY)
        after = at + end - start
        if number and role is BlockRole.BODY is blocks[-1].role and _goes_on(source_text, runs[number - 1], start):
            blocks[-1] = Block(role, blocks[-1].start, after)
        else:
            blocks.append(Block(role, at, after))
        at = after
    return tuple(blocks)


def _goes_on(source_text: str, run: Span, start: int) -> bool:
    """True when only the end of a page parts a run from what begins at `start`."""
    return _PAGE_END in source_text[run[1] : start] and is_dangling(source_text[run[0] : run[1]])
