"""An article over the whole screen, in a column that reads well."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from tui.home.keys import Area, bindings
from tui.i18n import Words
from tui.messages import ArticleCame, ArticleFailed
from tui.taking.copying import copy_answer, copy_sentence
from tui.talk.reading import Reading, Spot
from tui.widgets.article import ArticlePane, Place
from tui.widgets.bars import KeyBar
from tui.widgets.find import FindField
from tui.widgets.panes import WIDE
from tui.widgets.turn import describe


def read_full_screen(
    screen: Screen[None], reading: Reading, words: Words, pane: ArticlePane, walked: Callable[[Spot], object]
) -> None:
    """Shows what is read on the whole screen, at the place where a pane shows it; nothing where nothing is read.

    Args:
        screen: the screen of the pane.
        reading: what is read.
        words: the interface's words.
        pane: goes to the place where the reader left the whole screen.
        walked: told instead where the reader has gone on to another spot.
    """
    before = reading.spot
    if before is None:
        return

    def came_back(place: Place | None) -> None:
        if reading.spot is not None and reading.spot is not before:
            walked(reading.spot)
        elif place is not None:
            pane.go_to(place)
        else:
            pane.show_quote()

    screen.app.push_screen(ArticleScreen(reading, words, pane.place), came_back)


class ArticleScreen(Screen[Place | None]):
    """Shows what `reading` has chosen or opened, and walks on from there.

    Ends with the place where the reader was, None: at the quote. Whoever opened it goes on with `reading.spot`, which
    may be another one by then.

    Args:
        reading: what is read; its `spot` is shown.
        words: the interface's words.
        place: where the reader is in the article; None: at the quote.
    """

    DEFAULT_CSS = """
    ArticleScreen {
        background: $background;
        ArticlePane { width: 1fr; height: 1fr; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012  # as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Area.ARTICLE)]

    def __init__(self, reading: Reading, words: Words, place: Place | None = None) -> None:
        super().__init__()
        self._reading = reading
        self._words = words
        self._place = place

    def compose(self) -> ComposeResult:
        yield ArticlePane(self._words, id="article")
        yield KeyBar(self._words, id="keys")

    def on_mount(self) -> None:
        self._pane.focus()
        if self._reading.spot is not None:
            self._read(self._reading.spot)

    @property
    def _pane(self) -> ArticlePane:
        return self.query_one(ArticlePane)

    def key_areas(self) -> tuple[Area, ...]:
        """Finding words, or reading."""
        typing = isinstance(self.focused, FindField)
        return (Area.FIND if typing else Area.ARTICLE, Area.ALWAYS)

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        self._pane.relabel()
        self.query_one(KeyBar).relabel()

    @work(exclusive=True, group="article")
    async def _read(self, spot: Spot) -> None:
        """Shows the article of a reference."""
        from tui.remote.client import ClientError

        self._pane.begin(spot.label)
        try:
            article = await self._reading.article(spot.reference)
        except ClientError as error:
            self.post_message(ArticleFailed(error, spot.reference))
        else:
            self.post_message(ArticleCame(article, spot.reference, spot.others))

    @on(ArticleCame)
    def _article_came(self, event: ArticleCame) -> None:
        self._pane.show_article(event.article, event.reference, event.others)
        if self._place is not None:
            self._pane.call_after_refresh(self._pane.go_to, self._place)
            self._place = None

    @on(ArticleFailed)
    def _article_failed(self, event: ArticleFailed) -> None:
        if event.is_gone:
            self._pane.gone(event.reference)
        else:
            self._pane.fail(*describe(event.error, self._words))

    def action_next_reference(self, step: int = 1) -> None:
        """To the next (1) or previous (-1) match while words are looked for, else to that reference of the answer."""
        if not self._pane.walk_matches(step):
            self._go_to(self._reading.walk.step(step))

    def action_reference(self, digit: int) -> None:
        """To the reference with that number; a second digit makes a number of two where there is such a reference."""
        self._go_to(self._reading.walk.digit(digit))

    def _go_to(self, index: int | None) -> None:
        if self._reading.turn is not None and index is not None:
            self._read(self._reading.choose(self._reading.turn, index))

    def action_copy_sentence(self) -> None:
        """Copies the quote that is read, with its source."""
        copy_sentence(self.app, self._words, self._reading.spot.reference if self._reading.spot is not None else None)

    def action_copy_answer(self) -> None:
        """Copies the answer that the reference is of, with its sources."""
        copy_answer(self.app, self._words, self._reading.turn)

    def action_find(self) -> None:
        """Finds words in the article."""
        self._pane.open_find()

    def action_back(self) -> None:
        """No more finding, else back to where the article was opened."""
        if not self._pane.close_find():
            self.dismiss(self._pane.place)
