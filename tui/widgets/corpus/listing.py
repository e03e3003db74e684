"""The articles of the corpus, one in a line, as many as have been fetched; more are wanted as the end comes near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.i18n import Words
from tui.remote.browsing import Marks
from tui.text.glyphs import cells, clip, wrap

if TYPE_CHECKING:
    from server.schemas import ArticleOut

NEAR = 15
"""Articles below the cursor or the last line that is seen: with fewer, the next page is fetched."""
_MARK = 2
_DATE = 11
_PLACE_FROM, _PLACE = 46, 11
_SOURCE_FROM, _SOURCE = 76, 18
"""Cells of a column, and of the whole line from which there is one."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Cells of each column; 0 where there is no room for it."""

    title: int
    place: int
    date: int
    source: int


class ArticleRows(ScrollView, can_focus=True):
    """Lists articles; one is under the cursor.

    Args:
        words: the interface's words.
        marks: what is marked.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"rows--{name}" for name in ("meta", "mark", "cursor", "hover", "note")}
    DEFAULT_CSS = """
    ArticleRows {
        .rows--meta { color: $text-muted; }
        .rows--mark { color: $text-accent; text-style: bold; }
        .rows--note { color: $text-muted; }
        .rows--hover { background: $foreground 8%; }
        .rows--cursor { background: $foreground 15%; }
        &:focus .rows--cursor { color: $block-cursor-foreground; background: $block-cursor-background; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "first", show=False),
        Binding("end", "last", show=False),
        Binding("enter", "open", show=False),
    ]

    class Opened(Message):
        """An article is to be read."""

        def __init__(self, article: ArticleOut) -> None:
            super().__init__()
            self.article = article

    class MarkWanted(Message):
        """The article under the cursor is to be marked, or no more."""

    class MoreWanted(Message):
        """The end of what has been fetched comes near."""

    def __init__(self, words: Words, marks: Marks) -> None:
        super().__init__(id="corpus-articles")
        self._words = words
        self._marks = marks
        self._articles: Sequence[ArticleOut] = ()
        self._has_more = False
        self._note = ""
        self._cursor = 0
        self._hover: int | None = None

    @property
    def current(self) -> ArticleOut | None:
        """The article under the cursor."""
        return self._articles[self._cursor] if self._cursor < len(self._articles) else None

    @property
    def cursor(self) -> int:
        """Index of the article under the cursor."""
        return self._cursor

    def show_articles(self, articles: Sequence[ArticleOut], *, has_more: bool, from_top: bool) -> None:
        """Shows articles.

        Args:
            articles: as many as have been fetched; they may grow later.
            has_more: whether others follow.
            from_top: whether they are others than before.
        """
        self._articles, self._has_more = articles, has_more
        self._note = "" if articles else "corpus.none"
        if from_top:
            self._cursor = 0
            self.scroll_to(y=0, animate=False)
        self.virtual_size = Size(self.size.width, len(articles) + has_more)
        self.refresh()

    def show_note(self, key: str) -> None:
        """Shows a sentence of the catalogue instead of articles."""
        self._articles, self._has_more, self._note = (), False, key
        self.virtual_size = Size(self.size.width, 0)
        self.refresh()

    # --------------------------------------------------------------------------------------------------------- drawing

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._articles) + self._has_more)
        self._look_ahead()

    def render_line(self, y: int) -> Strip:
        row, width = y + self.scroll_offset.y, self.size.width
        base = self.rich_style
        if row < len(self._articles):
            segments = self._segments(self._articles[row], row, width)
        elif self._note and not self._articles:
            text = self._words(self._note)
            lines = wrap(text, max(width, 4))
            line = text[lines[y].start : lines[y].end].rstrip() if y < len(lines) else ""
            segments = [Segment(line, self.get_component_rich_style("rows--note"))]
        elif row == len(self._articles) and self._has_more:
            more = clip(self._words("corpus.more"), width)
            segments = [Segment(more, self.get_component_rich_style("rows--note"))]
        else:
            segments = []
        return Strip(segments).adjust_cell_length(width, base)

    def _segments(self, article: ArticleOut, row: int, width: int) -> list[Segment]:
        over = Style.null()
        if row == self._cursor:
            over = self.get_component_rich_style("rows--cursor", partial=not self.has_focus)
        elif row == self._hover:
            over = self.get_component_rich_style("rows--hover", partial=True)
        base, meta = self.rich_style + over, self.get_component_rich_style("rows--meta") + over
        mark = self.get_component_rich_style("rows--mark") + over
        columns = _columns(width)
        marked = article.article_id in self._marks.articles
        pieces = [
            ("●" if marked else "·", _MARK, mark if marked else meta),
            (article.title or article.lead or self._words("article.untitled"), columns.title, base),
            (article.place[-1] if article.place else "", columns.place, meta),
            (article.date or "", columns.date, meta),
            (_tail(article.source, columns.source - 1), columns.source, meta),
        ]
        meta_row = Style.from_meta({"row": row})
        segments: list[Segment] = []
        for number, (text, room, style) in enumerate(pieces):
            if room:
                drawn = clip(text, room - 1)
                target = Style.from_meta({"mark": True}) if number == 0 else Style.null()
                segments.append(Segment(drawn + " " * (room - cells(drawn)), style + meta_row + target))
        return segments

    # -------------------------------------------------------------------------------------------------------- moving

    def move_to(self, row: int) -> None:
        """Puts the cursor on an article, into view."""
        if not self._articles:
            return
        self._cursor = max(0, min(row, len(self._articles) - 1))
        self.scroll_to_region(Region(0, self._cursor, max(self.size.width, 1), 1), animate=False)
        self._look_ahead()
        self.refresh()

    def action_move(self, step: int) -> None:
        """Some articles up or down."""
        self.move_to(self._cursor + step)

    def action_page(self, step: int) -> None:
        """A screenful up or down."""
        self.move_to(self._cursor + step * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """To the first article."""
        self.move_to(0)

    def action_last(self) -> None:
        """To the last article that has been fetched."""
        self.move_to(len(self._articles) - 1)

    def action_open(self) -> None:
        """Reads the article under the cursor."""
        if self.current is not None:
            self.post_message(self.Opened(self.current))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._look_ahead()

    def _look_ahead(self) -> None:
        seen = max(self._cursor, round(self.scroll_y) + self.size.height)
        if self._has_more and seen + NEAR >= len(self._articles):
            self.post_message(self.MoreWanted())

    # ------------------------------------------------------------------------------------------------------- the mouse

    def on_click(self, event: events.Click) -> None:
        row = event.style.meta.get("row")
        if not isinstance(row, int):
            return
        event.stop()
        self.move_to(row)
        if event.style.meta.get("mark"):
            self.post_message(self.MarkWanted())
        else:
            self.action_open()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        row = event.style.meta.get("row")
        if row != self._hover:
            self._hover = row if isinstance(row, int) else None
            self.refresh()

    def on_leave(self) -> None:
        self._hover = None
        self.refresh()


def _tail(text: str, room: int) -> str:
    """The end of a text in at most `room` cells: of a long source, that is what tells it from others."""
    if room < 2 or cells(text) <= room:
        return text
    start = len(text)
    while start and cells(text[start - 1 :]) < room:
        start -= 1
    return f"…{text[start:]}"


def _columns(width: int) -> _Columns:
    place = _PLACE if width >= _PLACE_FROM else 0
    source = _SOURCE + (width - _SOURCE_FROM) // 4 if width >= _SOURCE_FROM else 0
    return _Columns(max(width - _MARK - place - _DATE - source, 4), place, _DATE, source)
