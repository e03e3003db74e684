"""The help screen: every key, and what it does."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui.glyphs import cells
from tui.i18n import Words
from tui.keys import HELP_SECTIONS
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
        if event.widget is self:
            self.dismiss()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        frame = self.query_one("#help")
        frame.border_title = Content(self._words("help.title"))
        frame.border_subtitle = Content(self._words("key.close").join(("Esc ", "")))
        paragraphs: list[Paragraph] = []
        for number, (heading, keys) in enumerate(HELP_SECTIONS):
            paragraphs.append(Paragraph(self._words(heading), "subhead", gap=1 if number else 0))
            for name, meaning in keys:
                blank = " " * (_KEY_COLUMN - cells(name))
                touch = Touch(0, len(name), "key")
                text = f"{name}{blank}{self._words(meaning)}"
                paragraphs.append(Paragraph(text, "body", rest=_KEY_COLUMN, touches=(touch,)))
        self.query_one(Prose).show(paragraphs)
