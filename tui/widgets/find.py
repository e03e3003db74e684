"""The line at the bottom of an article in which words are typed to be found in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from tui.home.keys import Area, bindings
from tui.i18n import Words
from tui.text.glyphs import cells, shown
from tui.widgets.prose import Paragraph, Prose, Touch

_BUTTONS = ("↑", "↓", "✕")
_STEPS = {1: -1, 2: 1}
"""What a button's target means: to the previous or the next match; any other closes."""
_CLOSE = 3


class FindField(Input):
    """Where the words are typed. What is pasted is cleaned first: the terminal would obey what is in it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Area.FIND)]

    def action_walk(self, step: int) -> None:
        """To the next (1) or previous (-1) match."""
        self.post_message(FindBar.Walked(step))

    def action_close(self) -> None:
        """No more finding."""
        self.post_message(FindBar.Closed())

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(shown(" ".join(event.text.split())), *self.selection)


class FindBar(Horizontal):
    """A field for the words, which match of how many is shown, and what the mouse can do; not there unless wanted.

    Args:
        words: the interface's words.
    """

    DEFAULT_CSS = """
    FindBar {
        dock: bottom;
        height: 1;
        display: none;
        background: $panel;
        Prose { width: auto; }
        FindField, FindField:focus { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
    }
    """

    class Changed(Message):
        """Other words are looked for."""

        def __init__(self, query: str) -> None:
            super().__init__()
            self.query = query

    class Walked(Message):
        """The next (1) or previous (-1) match is wanted."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Closed(Message):
        """Nothing is looked for any more."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._count: tuple[int | None, int] = (None, 0)

    def compose(self) -> ComposeResult:
        yield Prose(id="find-label")
        yield FindField(compact=True, select_on_focus=False)
        yield Prose(id="find-count")

    def on_mount(self) -> None:
        self.field.cursor_blink = False
        self.relabel()

    @property
    def field(self) -> FindField:
        return self.query_one(FindField)

    @property
    def query_text(self) -> str:
        """What is looked for."""
        return self.field.value

    def open(self) -> None:
        """Shows the line, ready to be typed in; what was typed last is replaced by what is typed next."""
        self.display = True
        self.field.focus()
        self.field.action_select_all()

    def show_count(self, current: int | None, total: int) -> None:
        """Says which match is shown (counted from 0), and of how many."""
        self._count = (current, total)
        self.relabel()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        self.field.placeholder = self._words("find.placeholder")
        self._put("#find-label", self._words("find.label"), "meta")
        current, total = self._count
        if not self.query_text:
            self._put("#find-count", "", "meta", _BUTTONS)
        elif total:
            count = self._words("find.count", number=(current or 0) + 1, total=total)
            self._put("#find-count", count, "meta", _BUTTONS)
        else:
            self._put("#find-count", self._words("find.none"), "warning", _BUTTONS)

    def _put(self, selector: str, words: str, role: str, buttons: Sequence[str] = ()) -> None:
        """Words, and buttons that count as targets from 1."""
        text, touches = f"{words} ", []
        for target, button in enumerate(buttons, start=1):
            start = len(text)
            text += f" {button} "
            touches.append(Touch(start, len(text), "key", target))
        part = self.query_one(selector, Prose)
        part.styles.width = cells(text)
        part.show([Paragraph(text, role, touches=tuple(touches))])

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(Prose.Picked)
    def _picked(self, event: Prose.Picked) -> None:
        event.stop()
        if event.target == _CLOSE:
            self.post_message(self.Closed())
        else:
            self.post_message(self.Walked(_STEPS[event.target]))
