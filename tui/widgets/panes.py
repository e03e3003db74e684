"""Conversation and article: side by side where there is room, else one at a time."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui.i18n import Words
from tui.widgets.article import ArticlePane
from tui.widgets.conversation import ConversationPane

WIDE = 110
"""Columns of the terminal from which both panes are shown; the screen sets `-narrow` or `-wide` by it."""


class Panes(Horizontal):
    """Holds the two panes. With the class `-reading` a narrow terminal shows the article.

    Args:
        words: the interface's words.
    """

    def __init__(self, words: Words, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._words = words

    def compose(self) -> ComposeResult:
        yield ConversationPane(self._words, id="conversation")
        yield ArticlePane(self._words, id="article")

    @property
    def conversation(self) -> ConversationPane:
        return self.query_one(ConversationPane)

    @property
    def article(self) -> ArticlePane:
        return self.query_one(ArticlePane)

    @property
    def is_narrow(self) -> bool:
        """Whether there is room for one pane only."""
        return self.app.size.width < WIDE

    @property
    def reading(self) -> bool:
        """Whether a narrow terminal shows the article."""
        return self.has_class("-reading")

    def turn_to(self, article: bool) -> None:
        """Shows the article, or the conversation, on a narrow terminal; a wide one shows both anyway."""
        self.set_class(article, "-reading")

    def focus_shown(self) -> None:
        """The focus to the pane to read: the one that is shown, or the article where both are and it holds one."""
        reading = self.reading if self.is_narrow else self.article.article is not None
        (self.article if reading else self.conversation).focus()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        self.conversation.relabel()
        self.article.relabel()
