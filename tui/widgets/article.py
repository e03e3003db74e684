"""The citation pane: a whole article, well set, with the cited characters marked and scrolled to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from tui.glyphs import clip
from tui.i18n import Words
from tui.quotes import Located, Span, locate
from tui.session import Reference
from tui.widgets.prose import RULE, Paragraph, Prose, Touch

if TYPE_CHECKING:
    from server.schemas import ArticleDetail

INDENT = 4
"""Cells before the first line of a body paragraph: two ideographs, as in print."""
_HEAD_ROLES = frozenset({"banner", "kicker", "title", "byline"})
_GAPS = {"subhead": 1, "box": 1, "rule": 1}


class ArticlePane(VerticalScroll, can_focus=True):
    """Shows one article, or says why it shows none.

    Args:
        words: the interface's words.
    """

    def __init__(self, words: Words, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._words = words
        self._label: tuple[str, dict[str, object]] = ("article.title", {})
        self._article: ArticleDetail | None = None
        self._located = Located((), exact=True)
        self._also: tuple[Span, ...] = ()
        self._quote = ""
        self._loading = False
        self._failure: tuple[str, str] | None = None
        self._quote_start: tuple[int, int] | None = None

    def compose(self) -> ComposeResult:
        yield Prose(id="article-text")

    def on_mount(self) -> None:
        self.relabel()

    @property
    def article(self) -> ArticleDetail | None:
        """The article that is shown."""
        return self._article

    @property
    def ranges(self) -> tuple[Span, ...]:
        """The marked ranges of the article's text."""
        return self._located.ranges

    def begin(self, label: tuple[str, dict[str, object]]) -> None:
        """Says that an article is on its way; one that is shown already stays until it is there."""
        self._label = label
        self._failure = None
        self._loading = True
        self.relabel()

    def fail(self, message: str, hint: str) -> None:
        """Says why the article cannot be shown."""
        self._loading = False
        self._article = None
        self._failure = (message, hint)
        self.relabel()

    def clear(self) -> None:
        """Back to the guidance."""
        self._article = self._failure = None
        self._loading = False
        self._label = ("article.title", {})
        self.relabel()

    def show_article(self, article: ArticleDetail, reference: Reference, others: Iterable[Reference] = ()) -> None:
        """Shows an article with the characters of `reference` marked and in view.

        Args:
            article: the article that `reference` is of.
            reference: what to mark; without spans, nothing.
            others: further references; those in the same article are marked less loudly.
        """
        self._loading = False
        self._failure = None
        self._article = article
        self._quote = reference.quote
        self._located = Located((), exact=True)
        if reference.spans:
            self._located = locate(article.text, article.runs, reference.spans, reference.quote)
        same = [other for other in others if other.article_id == article.article_id and other.spans]
        found = [locate(article.text, article.runs, other.spans, other.quote) for other in same]
        self._also = tuple(span for located in found for span in located.ranges)
        self.relabel()
        self.call_after_refresh(self._scroll_to_quote)

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        key, values = self._label
        self.border_title = Content(clip(self._words(key, **values), max(self.size.width - 6, 24)))
        self.border_subtitle = Content(self._words("article.loading") if self._loading else "")
        self._quote_start = None
        prose = self.query_one(Prose)
        if self._failure is not None:
            message, hint = self._failure
            prose.show([Paragraph(message, "error"), Paragraph(self._words("error.hint", hint=hint), "hint", rest=2)])
        elif self._article is not None:
            prose.show(self._article_paragraphs(self._article))
        else:
            empty = [
                Paragraph(self._words("article.empty"), "note"),
                Paragraph(self._words("article.empty.how"), "note", gap=1),
            ]
            prose.show([] if self._loading else empty)

    def _article_paragraphs(self, article: ArticleDetail) -> list[Paragraph]:
        blocks = [(block.role, block.start, block.end) for block in article.blocks if block.start < block.end]
        blocks = blocks or [("body", 0, len(article.text))]
        head_size = next((i for i, block in enumerate(blocks) if block[0] not in _HEAD_ROLES), len(blocks))
        paragraphs = self._notices()
        if not any(role == "title" for role, _, _ in blocks):
            title = article.title or self._words("article.untitled")
            # A record's text may open with its headline; it is not said twice.
            if not article.text.startswith(title):
                paragraphs.append(Paragraph(title, "title"))
        for role, start, end in blocks[:head_size]:
            paragraphs.append(self._block(article.text, role, start, end, len(paragraphs)))
        meta = self._meta(article, [role for role, _, _ in blocks])
        if meta:
            paragraphs.append(Paragraph(meta, "meta"))
        paragraphs.append(RULE)
        for role, start, end in blocks[head_size:]:
            paragraphs.append(self._block(article.text, role, start, end, len(paragraphs)))
        return paragraphs

    def _notices(self) -> list[Paragraph]:
        if self._located.exact:
            return []
        if self._located.ranges:
            return [Paragraph(self._words("article.changed"), "notice")]
        return [Paragraph(self._words("article.gone", quote=self._quote), "notice")]

    def _block(self, text: str, role: str, start: int, end: int, index: int) -> Paragraph:
        """One block as a paragraph; remembers where the first marked character is."""
        touches = [
            Touch(max(low, start) - start, min(high, end) - start, look)
            for look, ranges in (("also", self._also), ("quote", self._located.ranges))
            for low, high in ranges
            if low < end and start < high
        ]
        first_quote = next((touch.start for touch in touches if touch.role == "quote"), None)
        if first_quote is not None and self._quote_start is None:
            self._quote_start = (index, first_quote)
        return Paragraph(
            text[start:end],
            role if role in _HEAD_ROLES | {"subhead", "box"} else "body",
            first=INDENT if role == "body" else 0,
            gap=_GAPS.get(role, 0),
            touches=tuple(touches),
        )

    @staticmethod
    def _meta(article: ArticleDetail, roles: Sequence[str]) -> str:
        """Who, where, when, and in which file; a byline that is a block of its own is not said twice."""
        place = " ".join(article.place)
        byline = "" if "byline" in roles or article.byline in article.text else article.byline
        return " · ".join(part for part in (byline, place, article.date or "", article.source) if part)

    def on_resize(self) -> None:
        self.call_after_refresh(self._scroll_to_quote)

    def _scroll_to_quote(self) -> None:
        """Puts the first marked line a third of the way down, or goes to the top where nothing is marked."""
        row = 0
        if self._quote_start is not None:
            row = self.query_one(Prose).row_of(*self._quote_start)
        self.scroll_to(y=max(0, row - self.size.height // 3), animate=False)
