"""The explanation of a turn over the conversation: why it was answered or refused, in words and figures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen

from tui.home.keys import Area, bindings
from tui.i18n import Words
from tui.talk.explaining import explained
from tui.talk.session import Reference, Turn
from tui.text.glyphs import clip
from tui.widgets.prose import Paragraph, Prose
from tui.widgets.turn import describe

if TYPE_CHECKING:
    from server.schemas import AskResponse
    from tui.remote.client import ClientError

Explain = Callable[[Turn], Awaitable["AskResponse"]]
"""Has a turn's question asked again, with its explanation; what it raises is a ClientError."""


class ExplanationScreen(ModalScreen[Reference | None]):
    """Asks again and shows the figures. Its result is the hit that the reader wants to read, None for none.

    Args:
        turn: what is explained.
        explain: gets the explanation.
        words: the interface's words.
    """

    DEFAULT_CSS = """
    ExplanationScreen {
        align: center middle;
        #explanation {
            width: 110;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 1 2;
            border: round $accent;
            background: $surface;
            border-title-color: $text-accent;
            border-subtitle-color: $text-muted;
            scrollbar-size-vertical: 1;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Area.EXPLANATION)]

    class Came(Message):
        """The explanation, or why there is none."""

        def __init__(self, reply: AskResponse | None, error: ClientError | None = None) -> None:
            super().__init__()
            self.reply = reply
            self.error = error

    def __init__(self, turn: Turn, explain: Explain, words: Words) -> None:
        super().__init__()
        self._turn = turn
        self._explain = explain
        self._words = words
        self._reply: AskResponse | None = None
        self._error: ClientError | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="explanation"):
            yield Prose(id="explanation-text")

    def on_mount(self) -> None:
        self.relabel()
        self.query_one("#explanation").focus()
        self._ask()

    @work(exclusive=True)
    async def _ask(self) -> None:
        from tui.remote.client import ClientError

        try:
            self.post_message(self.Came(await self._explain(self._turn)))
        except ClientError as error:
            self.post_message(self.Came(None, error))

    def on_explanation_screen_came(self, event: Came) -> None:
        self._reply, self._error = event.reply, event.error
        self.relabel()

    def key_areas(self) -> tuple[Area, ...]:
        """Its own."""
        return (Area.EXPLANATION, Area.ALWAYS)

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        frame, words = self.query_one("#explanation"), self._words
        frame.border_title = Content(words("explain.title"))
        frame.border_subtitle = Content(clip(f"Esc {words('key.close')}", 40))
        question = Paragraph(self._turn.question, "question")
        self.query_one(Prose).show([question, *self._outcome()])

    def _outcome(self) -> list[Paragraph]:
        if self._error is not None:
            message, hint = describe(self._error, self._words)
            return [
                Paragraph(message, "error", gap=1),
                Paragraph(self._words("error.hint", hint=hint), "hint", rest=2),
            ]
        if self._reply is None:
            return [Paragraph(self._words("explain.loading"), "note", gap=1)]
        first, *rest = explained(self._reply, self._words)
        return [Paragraph(first.text, first.role, gap=1), *rest]

    def action_close(self) -> None:
        """Back to the conversation."""
        self.dismiss(None)

    def action_read_hit(self, digit: int) -> None:
        """Reads the article of the hit with that number; 0 is the tenth."""
        self._read((digit or 10) - 1)

    def on_prose_picked(self, event: Prose.Picked) -> None:
        event.stop()
        self._read(event.target)

    def on_click(self, event: events.Click) -> None:
        if self.get_widget_at(*event.screen_offset)[0] is self:
            self.dismiss(None)

    def _read(self, index: int) -> None:
        hits = self._reply.hits if self._reply is not None else ()
        if index < len(hits):
            self.dismiss(Reference.from_hit(hits[index]))
