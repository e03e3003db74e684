"""The question box: several lines if need be, and the questions of before with ↑."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea

from tui.home.keymap import keys_of
from tui.home.keys import Area, bindings, command
from tui.i18n import Words
from tui.notices import notice
from tui.text.glyphs import glyph


class QuestionBox(TextArea):
    """Where questions are typed. Enter sends, Shift+Enter or Ctrl+J starts a new line.

    Args:
        words: the interface's words.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Area.BOX)]

    class Asked(Message):
        """A question was sent."""

        def __init__(self, question: str) -> None:
            super().__init__()
            self.question = question

    def __init__(self, words: Words, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id, soft_wrap=True, show_line_numbers=False, highlight_cursor_line=False)
        self._words = words
        self._asked: list[str] = []
        self._position: int | None = None
        """Index in `_asked` of the question that was brought back; None while a new one is typed."""
        self._draft = ""

    def on_mount(self) -> None:
        self.cursor_blink = False
        self.relabel()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        self.placeholder = Content(self._words("question.placeholder"))

    def recall(self, questions: Sequence[str]) -> None:
        """Takes in the questions of earlier sessions, the newest last; ↑ brings them back after those of this one."""
        self._asked[:0] = questions
        if self._position is not None:
            self._position += len(questions)

    def bring_back(self, question: str) -> None:
        """Puts a question that could not be answered back, unless another is being typed."""
        if not self.text.strip():
            self._fill(question)

    async def _on_key(self, event: events.Key) -> None:
        if event.character in {"?", "？"} and not self.text and self._is_help():
            event.stop()
            event.prevent_default()
            await self.run_action("app.help")
            return
        for name, action in (("send", self.action_send), ("new-line", self.action_new_line)):
            # Not a priority binding: that would overtake the characters that were typed before it and still wait here.
            if event.key in keys_of(self.app).of(command(name)):
                event.stop()
                event.prevent_default()
                action()
                return
        await super()._on_key(event)

    def _is_help(self) -> bool:
        """Whether `?` is still a key of the help screen; the reader may have given it others."""
        return "question_mark" in keys_of(self.app).of(command("help"))

    async def _on_paste(self, event: events.Paste) -> None:
        """Pasted text is cleaned first: it may come from anywhere, and the terminal would obey what is in it."""
        event.stop()
        event.prevent_default()
        room = max(_longest() - len(self.text) + len(self.selected_text), 0)
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        cleaned = "".join(char if char == "\n" else glyph(char)[0] for char in text[: room + 1])
        start, end = self.selection
        self.replace(cleaned[:room], start, end)
        if len(text) > room:
            values = {"kept": f"{room:,}", "total": f"{len(text):,}", "limit": f"{_longest():,}"}
            notice(self.app, self._words, "question.cut", severity="warning", **values)

    def action_cursor_up(self, select: bool = False) -> None:
        """A line up; on the first line, to the question before."""
        if select or not self._on_first_row():
            super().action_cursor_up(select)
        else:
            self._walk(-1)

    def action_cursor_down(self, select: bool = False) -> None:
        """A line down; on the last line, to the question after."""
        if select or self._position is None or not self._on_last_row():
            super().action_cursor_down(select)
        else:
            self._walk(1)

    def _on_first_row(self) -> bool:
        return self.wrapped_document.location_to_offset(self.cursor_location).y == 0

    def _on_last_row(self) -> bool:
        return self.wrapped_document.location_to_offset(self.cursor_location).y >= self.wrapped_document.height - 1

    def _walk(self, step: int) -> None:
        """To an earlier (-1) or a later (1) question; what was being typed waits behind the last one."""
        if not self._asked:
            return
        if self._position is None:
            self._draft, position = self.text, len(self._asked) + step
        else:
            position = self._position + step
        if position >= len(self._asked):
            self._position = None
            self._fill(self._draft)
        else:
            self._position = max(position, 0)
            self._fill(self._asked[self._position])

    def action_new_line(self) -> None:
        """Starts a new line."""
        self.insert("\n")

    def action_send(self) -> None:
        """Sends what is typed, if anything is."""
        question = self.text.strip()
        if not question:
            return
        if len(question) > _longest():
            values = {"total": f"{len(question):,}", "limit": f"{_longest():,}"}
            notice(self.app, self._words, "question.long", severity="warning", **values)
            return
        if not self._asked or self._asked[-1] != question:
            self._asked.append(question)
        self._position = None
        self._draft = ""
        self._fill("")
        self.post_message(self.Asked(question))

    def _fill(self, text: str) -> None:
        self.load_text(text)
        self.move_cursor(self.document.end)


def _longest() -> int:
    """Characters of the longest question that the server takes; the wire models are loaded by the time one is sent."""
    from server.schemas import MAX_QUESTION

    return MAX_QUESTION
