"""The conversation: guidance while it is empty, then turn after turn."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from tui.i18n import Words
from tui.talk.session import Reference, Turn
from tui.widgets.prose import Paragraph, Prose, Touch
from tui.widgets.turn import TurnView, reference_line


class ConversationPane(VerticalScroll, can_focus=True):
    """Shows the turns, the last one in view.

    Args:
        words: the interface's words.
    """

    class Opened(Message):
        """An article of the guidance was chosen."""

        def __init__(self, reference: Reference) -> None:
            super().__init__()
            self.reference = reference

    def __init__(self, words: Words, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._words = words
        self._samples: tuple[Reference, ...] = ()
        self._is_sample = False
        self._is_empty = False
        self._views: dict[Turn, TurnView] = {}
        self._followed: tuple[Turn, float] | None = None
        """The turn that is kept in view while it grows, and where that put the scroll bar."""

    def compose(self) -> ComposeResult:
        yield Prose(id="welcome")

    def on_mount(self) -> None:
        self.relabel()

    def welcome(self, samples: Sequence[Reference], *, is_sample: bool, is_empty: bool) -> None:
        """Says what there is to ask about.

        Args:
            samples: a few articles, to read and to get ideas from.
            is_sample: the corpus is the built-in sample.
            is_empty: the index holds no article.
        """
        self._samples, self._is_sample, self._is_empty = tuple(samples), is_sample, is_empty
        self.relabel()

    async def add(self, *turns: Turn) -> None:
        """Adds turns at the end, and goes there."""
        self.query_one("#welcome").display = False
        looks = self.query_one("#welcome", Prose)
        views = {turn: TurnView(turn, self._words, looks) for turn in turns}
        self._views.update(views)
        await self.mount(*views.values())
        self.scroll_end(animate=False)

    async def clear(self) -> None:
        """Back to the guidance."""
        self._views.clear()
        self._followed = None
        await self.query(TurnView).remove()
        self.query_one("#welcome").display = True

    def update_turn(self, turn: Turn) -> None:
        """Draws a turn again; it stays where it is on the screen unless it is the last."""
        if turn in self._views:
            self._views[turn].relabel()

    def show_turn(self, turn: Turn) -> None:
        """Scrolls so that a turn is in view, its question first."""
        if turn in self._views:
            self.call_after_refresh(self._put_on_top, turn)

    def follow_turn(self, turn: Turn) -> None:
        """The same while the turn grows, until the reader scrolls elsewhere."""
        if self._followed is None or self._followed[0] is not turn or self._followed[1] == self.scroll_target_y:
            self.show_turn(turn)

    def _put_on_top(self, turn: Turn) -> None:
        if turn in self._views:
            self.scroll_to_widget(self._views[turn], animate=False, top=True, force=True, immediate=True)
            self._followed = turn, self.scroll_target_y

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        self.border_title = Content(self._words("conversation.title"))
        self.query_one("#welcome", Prose).show(self._guidance())
        for view in self._views.values():
            view.relabel()

    def on_prose_picked(self, event: Prose.Picked) -> None:
        event.stop()
        self.post_message(self.Opened(self._samples[event.target]))

    def _guidance(self) -> list[Paragraph]:
        words = self._words
        paragraphs = [
            Paragraph(words("welcome.title"), "title"),
            Paragraph(words("welcome.how"), "note", gap=1),
            Paragraph(words("welcome.follow"), "note", gap=1),
        ]
        if self._is_sample:
            paragraphs.append(Paragraph(words("welcome.sample"), "notice", gap=1))
        if self._is_empty:
            paragraphs.append(Paragraph(words("welcome.empty"), "warning", gap=1))
        if self._samples:
            paragraphs.append(Paragraph(words("welcome.articles"), "note", gap=1))
            paragraphs += [self._sample(index, reference) for index, reference in enumerate(self._samples)]
        return paragraphs

    def _sample(self, index: int, reference: Reference) -> Paragraph:
        line = reference_line(reference, self._words)
        return Paragraph(f"· {line}", "list", rest=2, touches=(Touch(2, 2 + len(line), "link"),), target=index)
