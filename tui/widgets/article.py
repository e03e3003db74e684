"""The citation pane: a whole article, well set, the cited characters marked and scrolled to, and words found in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from tui.i18n import Words
from tui.talk.session import Reference
from tui.text.finding import Finder, Match
from tui.text.glyphs import clip
from tui.text.layout import set_article, set_gone
from tui.text.quotes import Located, Span, locate
from tui.widgets.find import FindBar
from tui.widgets.prose import Paragraph, Prose, Touch

if TYPE_CHECKING:
    from server.schemas import ArticleDetail

_NOT_SEARCHED = frozenset({"notice", "rule"})
"""Roles of paragraphs that are not the article's."""

Place = tuple[int, int]
"""A paragraph, and an offset of its text."""


class ArticlePane(VerticalScroll, can_focus=True):
    """Shows one article, or says why it shows none.

    Args:
        words: the interface's words.
    """

    DEFAULT_CSS = """
    ArticlePane {
        align-horizontal: center;
        scrollbar-gutter: stable;
        /* Lines of more than 42 ideographs are hard to follow to the next one. */
        #article-text { max-width: 84; }
    }
    """

    def __init__(self, words: Words, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._words = words
        self._label: tuple[str, dict[str, object]] = ("article.title", {})
        self._article: ArticleDetail | None = None
        self._gone: Reference | None = None
        self._located = Located((), exact=True)
        self._also: tuple[Span, ...] = ()
        self._quote = ""
        self._loading = False
        self._failure: tuple[str, str] | None = None
        self._quote_start: Place | None = None
        self._top: Place = (0, 0)
        """What the first line in view starts with: where the reader is, whatever the width."""
        self._at_quote = True
        """Whether the reader has not scrolled away from where the quote is shown."""
        self._quote_seen = True
        """Whether the quote's first line is in view."""
        self._width = 0
        """The column's width that `_top` was noted at."""
        self._finder: Finder | None = None
        self._matches: list[Match] = []
        self._match: int | None = None

    def compose(self) -> ComposeResult:
        yield Prose(id="article-text")
        yield FindBar(self._words)

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

    @property
    def finding(self) -> bool:
        """Whether words are looked for."""
        return self._bar.display

    @property
    def _prose(self) -> Prose:
        return self.query_one("#article-text", Prose)

    @property
    def _bar(self) -> FindBar:
        return self.query_one(FindBar)

    # ------------------------------------------------------------------------------------------------- what is shown

    def begin(self, label: tuple[str, dict[str, object]]) -> None:
        """Says that an article is on its way; one that is shown already stays until it is there."""
        self._label = label
        self._failure = None
        self._loading = True
        self._head()
        if self._article is None:
            self.relabel()

    def fail(self, message: str, hint: str) -> None:
        """Says why the article cannot be shown."""
        self._forget()
        self._failure = (message, hint)
        self.relabel()

    def gone(self, reference: Reference) -> None:
        """Says that the index has the article no more, and shows what is known of it: quote and source."""
        self._forget()
        self._gone = reference
        self.relabel()
        self.call_after_refresh(self.show_quote)

    def clear(self) -> None:
        """Back to the guidance."""
        self._forget()
        self._label = ("article.title", {})
        self.close_find()
        self.relabel()

    def show_article(self, article: ArticleDetail, reference: Reference, others: Iterable[Reference] = ()) -> None:
        """Shows an article with the characters of `reference` marked and in view.

        Args:
            article: the article that `reference` is of.
            reference: what to mark; without spans, nothing.
            others: further references; those in the same article are marked less loudly.
        """
        self._forget()
        self._article = article
        self._quote = reference.quote
        if reference.spans:
            self._located = locate(article.text, article.runs, reference.spans, reference.quote)
        same = [other for other in others if other.article_id == article.article_id and other.spans]
        found = [locate(article.text, article.runs, other.spans, other.quote) for other in same]
        self._also = tuple(span for located in found for span in located.ranges)
        self.relabel()
        self.call_after_refresh(self.show_quote)

    def _forget(self) -> None:
        self._loading = False
        self._article = self._failure = self._gone = None
        self._located, self._also, self._quote = Located((), exact=True), (), ""

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        self._quote_start = None
        self._prose.show(self._paragraphs())
        self._bar.relabel()
        self._finder = None
        if self.finding:
            self._find()
        self._head()
        self.call_after_refresh(self._head)

    def _paragraphs(self) -> list[Paragraph]:
        words = self._words
        if self._failure is not None:
            message, hint = self._failure
            return [Paragraph(message, "error"), Paragraph(words("error.hint", hint=hint), "hint", rest=2)]
        if self._gone is not None:
            return [Paragraph(words("reading.gone"), "notice"), *set_gone(self._gone)]
        if self._article is None:
            how = Paragraph(words("article.empty.how"), "note", gap=1)
            return [] if self._loading else [Paragraph(words("article.empty"), "note"), how]
        notices = self._notices()
        setting = set_article(self._article, self._located.ranges, self._also)
        if setting.quote is not None:
            self._quote_start = (setting.quote[0] + len(notices), setting.quote[1])
        return [*notices, *setting.paragraphs]

    def _notices(self) -> list[Paragraph]:
        if self._located.exact:
            return []
        if self._located.ranges:
            return [Paragraph(self._words("article.changed"), "notice")]
        return [Paragraph(self._words("article.gone", quote=self._quote), "notice")]

    def _head(self) -> None:
        """The border's words: which citation of how many, and where in the article."""
        key, values = self._label
        self.border_title = Content(clip(self._words(key, **values), max(self.size.width - 6, 24)))
        subtitle = self._words("article.loading") if self._loading else ""
        if not subtitle and self._article is not None and self.max_scroll_y > 0:
            percent = round(100 * min(self.scroll_offset.y / self.max_scroll_y, 1))
            subtitle = self._words("reading.length", chars=f"{self._article.chars:,}", percent=percent)
        if str(self.border_subtitle or "") != subtitle:
            self.border_subtitle = Content(subtitle)

    # ---------------------------------------------------------------------------------------------- where the reader is

    @property
    def place(self) -> Place | None:
        """What the first line in view starts with; None where the reader has stayed at the quote."""
        return None if self._at_quote else self._top

    def go_to(self, place: Place) -> None:
        """Puts a place into the first line in view, as far as there is text below it."""
        self._top, self._at_quote, self._quote_seen = place, False, False
        self._width = self._prose.size.width
        if self._width and place[0] < len(self._prose.paragraphs):
            self.scroll_to(y=self._prose.row_of(*place), animate=False)

    def show_quote(self) -> None:
        """Puts the first marked line a third of the way down, or goes to the top where nothing is marked."""
        self._top, self._at_quote, self._quote_seen = (0, 0), True, True
        self._width = self._prose.size.width
        if self._width:  # else it is not on the screen, and its size comes with a resize
            self.scroll_to(y=self._quote_top(), animate=False)

    def _quote_top(self) -> int:
        """The first row in view where the quote is a third of the way down."""
        row = self._prose.row_of(*self._quote_start) if self._quote_start is not None else 0
        return max(0, row - self.size.height // 3)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # In between a resize and its end the scroll is moved too, but not by the reader.
        if round(old_value) != round(new_value) and self._prose.size.width == self._width:
            self._note()
            self._head()

    def watch_virtual_size(self) -> None:
        """How long the article is at this width is known when it is laid out."""
        self._head()

    def on_resize(self) -> None:
        self.call_after_refresh(self._stay)

    def _note(self) -> None:
        """Remembers where the reader is."""
        rows = self._prose.rows(self._width)
        first = self.scroll_offset.y
        row = rows[first] if first < len(rows) else None
        if row is not None:
            self._top = (row.paragraph, row.line.start if row.line is not None else 0)
        self._at_quote = first == min(self._quote_top(), self.max_scroll_y)
        self._quote_seen = self._in_view(first)

    def _in_view(self, first: int) -> bool:
        """Whether the quote's first line is in view where that row is the first one; True where nothing is marked."""
        return self._quote_start is None or first <= self._prose.row_of(*self._quote_start) < first + self.size.height

    def _stay(self) -> None:
        """After a resize: to what was at the top, but to the quote where it was in view and would not be any more."""
        top, seen = self._top, self._quote_seen
        is_there = bool(self._prose.size.width) and top[0] < len(self._prose.paragraphs)
        if self._at_quote or (seen and is_there and not self._in_view(self._prose.row_of(*top))):
            self.show_quote()
        else:
            self.go_to(top)
            self._quote_seen = seen
        self._head()

    # ------------------------------------------------------------------------------------------------------- finding

    def open_find(self) -> None:
        """Has words typed that are marked in the text; nothing where there is no text."""
        if self._article is not None:
            self._bar.open()
            self._find()

    def close_find(self) -> bool:
        """Marks nothing that was found any more, and goes back to the quote.

        Returns:
            Whether there was anything to close.
        """
        if not self.finding:
            return False
        had_focus = self._bar.field.has_focus
        self._bar.display = False
        self._matches, self._match = [], None
        self._prose.lay_over({})
        if had_focus:
            self.focus()
        if self._quote_start is not None:
            self.call_after_refresh(self.show_quote)
        return True

    def walk_matches(self, step: int) -> bool:
        """To the next (1) or previous (-1) match, around at the ends.

        Returns:
            Whether words are looked for at all.
        """
        if self.finding and self._matches:
            self._show_match(((self._match or 0) + step) % len(self._matches))
        return self.finding

    @on(FindBar.Changed)
    def _query_changed(self, event: FindBar.Changed) -> None:
        event.stop()
        if self.finding:
            self._find()

    @on(FindBar.Walked)
    def _walk_wanted(self, event: FindBar.Walked) -> None:
        event.stop()
        self.walk_matches(event.step)

    @on(FindBar.Closed)
    def _close_wanted(self, event: FindBar.Closed) -> None:
        event.stop()
        self.close_find()

    def _find(self) -> None:
        """Marks what is found; the match that is shown is the first one from where the reader is."""
        paragraphs = self._prose.paragraphs
        if self._finder is None:
            self._finder = Finder([p.text if p.role not in _NOT_SEARCHED else "" for p in paragraphs])
        start = self._top
        if self._match is not None and self._match < len(self._matches):
            piece = self._matches[self._match][0]
            start = (piece.text, piece.start)
        self._matches = self._finder.find(self._bar.query_text)
        after = (number for number, match in enumerate(self._matches) if (match[0].text, match[0].start) >= start)
        self._show_match(next(after, 0) if self._matches else None)

    def _show_match(self, number: int | None) -> None:
        """Marks all matches, one of them as the one that is shown, and brings it into view."""
        self._match = number
        touches: dict[int, list[Touch]] = {}
        for index, match in enumerate(self._matches):
            role = "found-here" if index == number else "found"
            for piece in match:
                touches.setdefault(piece.text, []).append(Touch(piece.start, piece.end, role))
        self._prose.lay_over(touches)
        self._bar.show_count(number, len(self._matches))
        if number is not None:
            piece = self._matches[number][0]
            row = self._prose.row_of(piece.text, piece.start)
            if not self.scroll_offset.y <= row < self.scroll_offset.y + self.scrollable_content_region.height - 1:
                self.scroll_to(y=max(0, row - self.size.height // 3), animate=False)
