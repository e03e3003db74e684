"""The help screen: every key, and what it does."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui.home.keymap import areas_of, keys_of
from tui.home.keys import AREAS, Area, of_area
from tui.i18n import Words
from tui.text.glyphs import cells
from tui.widgets.prose import Paragraph, Prose, Touch

_KEY_COLUMN = 21
"""Cells of the widest key name, and two blanks."""


class HelpScreen(ModalScreen[None]):
    """A table of the keys over the conversation; any of its keys closes it.

    Args:
        words: the interface's words.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q,enter", "dismiss", show=False),
    ]

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Prose(id="help-text")

    def on_mount(self) -> None:
        self.relabel()

    def on_click(self, event: events.Click) -> None:
        if self.get_widget_at(*event.screen_offset)[0] is self:
            self.dismiss()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        frame = self.query_one("#help")
        frame.border_title = Content(self._words("help.title"))
        frame.border_subtitle = Content(self._words("key.close").join(("Esc ", "")))
        keys = keys_of(self.app)
        paragraphs: list[Paragraph] = []
        for area in sorted(AREAS, key=self._order):
            listed = [(keys.listed(command), self._words(command.help)) for command in of_area(area)]
            if listed:
                paragraphs.append(Paragraph(self._words(AREAS[area]), "subhead", gap=1 if paragraphs else 0))
            for name, meaning in listed:
                blank = " " * max(_KEY_COLUMN - cells(name), 2)
                touch = Touch(0, len(name), "key")
                text = f"{name}{blank}{meaning}"
                paragraphs.append(Paragraph(text, "body", rest=_KEY_COLUMN, touches=(touch,)))
        self.query_one(Prose).show(paragraphs)

    def _order(self, area: Area) -> tuple[int, int]:
        """First what counts on the screen below, the most special first; then the rest in the order of the table."""
        here = areas_of(self.app.screen_stack[self.app.screen_stack.index(self) - 1])
        return (here.index(area) if area in here else len(here), list(AREAS).index(area))
