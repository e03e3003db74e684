"""A screen of two panes and a box below them: how the focus moves, and which keys count where it is."""

from __future__ import annotations

from textual import events

from tui.home.keys import Area
from tui.screens.connected import ConnectedScreen
from tui.widgets.find import FindField
from tui.widgets.panes import Panes
from tui.widgets.question import QuestionBox


class PanedScreen(ConnectedScreen):
    """Has `Panes` and a `QuestionBox` on it, and takes the reader to and fro between them."""

    @property
    def _box(self) -> QuestionBox:
        return self.query_one(QuestionBox)

    @property
    def _panes(self) -> Panes:
        return self.query_one(Panes)

    def _reveal_article(self) -> None:
        """On a narrow terminal, the article in the conversation's place, and the focus with it."""
        if self._panes.is_narrow:
            self._panes.turn_to(article=True)
            if self.focused is not self._box:
                self._panes.article.focus()

    def action_flip(self) -> None:
        """The other of conversation and article: shown, on a narrow terminal; focused, on a wide one."""
        panes = self._panes
        typing = self.focused is self._box
        to_article = not (panes.reading if panes.is_narrow else self.focused is panes.article)
        panes.turn_to(to_article)
        if not (typing and panes.is_narrow):
            (panes.article if to_article else panes.conversation).focus()

    def action_next_pane(self, step: int = 1) -> None:
        """The focus to the next pane: question box, conversation, article, and around."""
        panes = self._panes
        if isinstance(self.focused, FindField):
            panes.article.focus()
            return
        around = (self._box, panes.conversation, panes.article)
        at = next((index for index, pane in enumerate(around) if pane is self.focused), 0)
        following = around[(at + step) % len(around)]
        if following is not self._box:
            panes.turn_to(article=following is panes.article)
        following.focus()

    def action_escape(self) -> None:
        """From the question box to reading, and back."""
        if self.focused is self._box:
            self._panes.focus_shown()
        elif not self._panes.article.close_find():
            self._panes.turn_to(article=False)
            self._box.focus()

    def key_areas(self) -> tuple[Area, ...]:
        """Where the reader is: in the question box, or reading."""
        if isinstance(self.focused, FindField):
            return (Area.FIND, Area.CHAT, Area.ALWAYS)
        typing = self.focused is None or self.focused is self._box
        return (Area.BOX if typing else Area.READING, Area.CHAT, Area.ALWAYS)

    def on_key(self, event: events.Key) -> None:
        """Ideographs typed while reading are the start of a question: an input method has no reading mode."""
        if event.character and event.is_printable and not event.character.isascii() and self.focused is not self._box:
            event.stop()
            self._box.focus()
            self._box.insert(event.character)

    def action_history(self) -> None:
        """Brings the question before back."""
        self._box.focus()
        self._box.action_cursor_up()
