"""The dialog that writes a conversation to a file: which form, which name, and what is in the way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, RadioButton, RadioSet

from tui.i18n import Words
from tui.notices import notice
from tui.taking.files import Exists, NotWritten, suggested_name, target_of, write
from tui.talk.session import Conversation
from tui.text.glyphs import clip, shown
from tui.widgets.field import Field
from tui.widgets.prose import Paragraph, Prose


@dataclass(frozen=True, slots=True)
class _Form:
    """A form that a conversation can be written in."""

    id: str
    suffix: str
    words: str


_FORMS = (_Form("as-markdown", ".md", "export.markdown"), _Form("as-json", ".json", "export.json"))


class _Choice(RadioButton):
    """As Textual's, but seen without colours too: only the chosen one is filled."""

    def render(self) -> Content:
        self.BUTTON_INNER = "●" if self.value else " "
        return super().render()


class ExportScreen(ModalScreen[Path | None]):
    """Asks where to, writes, and gives back the file; None where nothing was written.

    Args:
        conversation: what to write.
        title: its name, such as its first question.
        words: the interface's words.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False, priority=True)]

    DEFAULT_CSS = """
    ExportScreen {
        align: center middle;
        #export {
            width: 76;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 1 2;
            border: round $accent;
            background: $surface;
            border-title-color: $text-accent;
            border-subtitle-color: $text-muted;
        }
        #export-form { width: 1fr; border: none; padding: 0; background: $surface; }
        #export-form RadioButton { background: $surface; }
        #export-name { width: 1fr; margin: 1 0 0 0; border: round $line; background: $surface; }
        #export-name:focus { border: round $accent; }
        #export-message { padding: 0 1; min-height: 3; }
        #export-buttons { height: auto; align-horizontal: right; }
        #export-buttons Button { margin: 0 0 0 2; }
    }
    """

    def __init__(self, conversation: Conversation, title: str, words: Words) -> None:
        super().__init__()
        self._conversation = conversation
        self._title = title
        self._words = words
        self._form = _FORMS[0]
        self._in_way: str | None = None
        """The name of a file that is there already and may be overwritten by asking again."""
        self._problem: NotWritten | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="export", can_focus=False):
            with RadioSet(id="export-form"):
                for form in _FORMS:
                    yield _Choice(Content(self._words(form.words)), value=form is self._form, id=form.id)
            yield Field(self._suggestion(), id="export-name", select_on_focus=False)
            yield Prose(id="export-message")
            with Horizontal(id="export-buttons"):
                yield Button(Content(self._words("export.write")), variant="primary", id="export-write")
                yield Button(Content(self._words("export.cancel")), id="export-cancel")

    def on_mount(self) -> None:
        self.query_one(Field).focus()
        self.relabel()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        words = self._words
        frame = self.query_one("#export")
        frame.border_title = Content(words("export.title"))
        frame.border_subtitle = Content(f"Esc {words('export.cancel')}")
        self.query_one(Field).border_title = Content(words("export.name"))
        for form in _FORMS:
            self.query_one(f"#{form.id}", RadioButton).label = Content(words(form.words))
        again = "export.write" if self._in_way is None else "export.overwrite"
        self.query_one("#export-write", Button).label = Content(words(again))
        self.query_one("#export-cancel", Button).label = Content(words("export.cancel"))
        self._show_message()

    def _suggestion(self) -> str:
        turns = self._conversation.turns
        day = datetime.fromtimestamp(turns[0].asked) if turns else datetime.now()
        return suggested_name(self._title, day.date(), self._form.suffix)

    def _show_message(self) -> None:
        """Where the file will go, or why it cannot."""
        problem = self._problem
        if problem is not None:
            role = "warning" if isinstance(problem, Exists) else "error"
            where = shown(str(problem.where))
            text = self._words(problem.key, where=where, reason=problem.reason)
        else:
            try:
                where = str(target_of(self.query_one(Field).value))
                role, text = "note", self._words("export.into", where=clip(where, 400))
            except NotWritten as unusable:
                role, text = "note", self._words(unusable.key, where="", reason="")
        self.query_one("#export-message", Prose).show([Paragraph(text, role)])

    @on(Input.Changed)
    def _name_changed(self) -> None:
        if self._in_way != self.query_one(Field).value:
            self._in_way, self._problem = None, None
            self.relabel()

    @on(RadioSet.Changed)
    def _form_changed(self, event: RadioSet.Changed) -> None:
        """The name follows the form, unless the reader has given it an ending of their own."""
        before, self._form = self._form, _FORMS[event.index]
        name = self.query_one(Field)
        if name.value.endswith(before.suffix):
            name.value = name.value.removesuffix(before.suffix) + self._form.suffix

    @on(Input.Submitted)
    @on(Button.Pressed, "#export-write")
    async def _wanted(self) -> None:
        name = self.query_one(Field).value
        try:
            target = target_of(name)
            text = self._text()
            written = await asyncio.to_thread(write, target, text, overwrite=self._in_way == name)
        except NotWritten as problem:
            self._problem = problem
            self._in_way = name if isinstance(problem, Exists) else None
            self.relabel()
        else:
            notice(self.app, self._words, "export.done", where=written)
            self.dismiss(written)

    @on(Button.Pressed, "#export-cancel")
    def _cancelled(self) -> None:
        self.dismiss()

    def _text(self) -> str:
        now = datetime.now(UTC).astimezone()
        if self._form.id == "as-json":
            from tui.taking.document import as_json

            return as_json(self._conversation, self._title, now)
        from tui.taking.markdown import as_markdown

        return as_markdown(self._conversation, self._title, self._words, now)
