"""The fields above the list of articles: words, a place, the first and the last day."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from tui.home.keys import Area, bindings
from tui.i18n import Words
from tui.remote.browsing import Query, day_of
from tui.text.glyphs import shown
from tui.widgets.field import Field

Suggest = Callable[[str], Awaitable[str | None]]
"""Completes what has been typed of a place's name; None: with nothing."""
_FIELDS = {
    "filter-words": ("corpus.words", "corpus.words.example"),
    "filter-place": ("corpus.place", "corpus.place.example"),
    "filter-from": ("corpus.first_day", "corpus.first_day.example"),
    "filter-to": ("corpus.last_day", "corpus.last_day.example"),
}
"""By the id of each field: what it is called, and what an empty one shows."""


class FilterField(Field):
    """One field."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Area.FILTER)]

    def on_mount(self) -> None:
        self.cursor_blink = False


class _Places(Suggester):
    """Completes the name of a place; nothing is kept, for the next generation may know others."""

    def __init__(self, suggest: Suggest) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._suggest = suggest

    async def get_suggestion(self, value: str) -> str | None:
        return await self._suggest(value) if value.strip() else None


class FilterBar(Horizontal):
    """Holds the fields, and tells what they ask for as it is typed.

    Args:
        words: the interface's words.
        suggest: completes the name of a place.
    """

    DEFAULT_CSS = """
    FilterBar {
        height: 3;
        FilterField, FilterField:focus {
            width: 1fr;
            padding: 0 1;
            background: $background;
            border: round $foreground 25%;
            border-title-color: $text-muted;
        }
        FilterField:focus { border: round $accent; border-title-color: $text-accent; }
        FilterField.-wrong, FilterField.-wrong:focus { border: round $error; border-title-color: $text-error; }
        #filter-place { width: 18; }
        #filter-from, #filter-to { width: 16; }
    }
    """

    class Changed(Message):
        """Other articles are asked for. The source is none of the fields' business."""

        def __init__(self, query: Query) -> None:
            super().__init__()
            self.query = query

    def __init__(self, words: Words, suggest: Suggest) -> None:
        super().__init__(id="filters")
        self._words = words
        self._suggest = suggest

    def compose(self) -> ComposeResult:
        for name in _FIELDS:
            suggester = _Places(self._suggest) if name == "filter-place" else None
            yield FilterField(id=name, suggester=suggester, select_on_focus=False)

    def on_mount(self) -> None:
        self.relabel()

    @property
    def query_now(self) -> Query:
        """What the fields ask for; a day that is none asks for nothing."""
        first, last = self._day("filter-from"), self._day("filter-to")
        return Query(
            q=self._text("filter-words"), place=self._text("filter-place"), date_from=first or "", date_to=last or ""
        )

    def put_place(self, place: str) -> None:
        """Puts a place into its field; what then is asked for is told."""
        self._field("filter-place").value = shown(" ".join(place.split()))

    def clear(self) -> None:
        """Empties the fields, without telling of it."""
        with self.prevent(Input.Changed):
            for field in self.query(FilterField):
                field.value = ""
        self._judge()

    def focus_words(self) -> None:
        """To where words are typed."""
        self._field("filter-words").focus()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        for name, (title, example) in _FIELDS.items():
            self._field(name).border_title = Content(self._words(title))
            self._field(name).placeholder = self._words(example)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._judge():
            self.post_message(self.Changed(self.query_now))

    def _judge(self) -> bool:
        """Marks days that are none, and a first day after the last; True where all is well."""
        first, last = self._day("filter-from"), self._day("filter-to")
        in_order = not (first and last and first > last)
        self._field("filter-from").set_class(first is None, "-wrong")
        self._field("filter-to").set_class(last is None or not in_order, "-wrong")
        return first is not None and last is not None and in_order

    def _day(self, name: str) -> str | None:
        """The day in a field, empty where it is; None where it is no day."""
        try:
            return day_of(self._text(name), last=name == "filter-to")
        except ValueError:
            return None

    def _text(self, name: str) -> str:
        return self._field(name).value.strip()

    def _field(self, name: str) -> FilterField:
        return self.query_one(f"#{name}", FilterField)
