"""The main screen: the conversation, the cited article beside it, the question box below."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen

from tui.asking import Asking
from tui.glyphs import clip
from tui.i18n import Words
from tui.keys import Area, bindings
from tui.link import Link
from tui.messages import ArticleCame, ArticleFailed, IndexKnown, LinkChanged, ServerTrouble, TurnChanged
from tui.reading import Reading, Spot
from tui.screens.article import read_full_screen
from tui.session import Reference, Selection, Stage, Turn
from tui.taking.copying import copy_answer, copy_sentence, export
from tui.widgets.bars import KeyBar, LinkState, StatusBar, TroubleBar
from tui.widgets.conversation import ConversationPane
from tui.widgets.find import FindField
from tui.widgets.panes import WIDE, Panes
from tui.widgets.question import QuestionBox
from tui.widgets.turn import TurnView, describe

if TYPE_CHECKING:
    from server.schemas import FiltersIn

SAMPLES = 5
"""Articles that the guidance names."""


class ChatScreen(Screen[None]):
    """Asks, shows the answer, and lets its places be read.

    Args:
        link: the connection to the server; opened after the first frame.
        words: the interface's words.
    """

    AUTO_FOCUS = "#question"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012  # as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Area.READING, Area.CHAT)]

    def __init__(self, link: Link, words: Words) -> None:
        super().__init__()
        self._link = link
        self._words = words
        self._asking = Asking(link)
        self._reading = Reading(link)

    def compose(self) -> ComposeResult:
        yield StatusBar(self._words, id="status")
        yield Panes(self._words, id="panes")
        yield TroubleBar(self._words, id="trouble")
        yield QuestionBox(self._words, id="question")
        yield KeyBar(self._words, id="keys")

    def on_mount(self) -> None:
        self._link.on_state = lambda key, where: self.post_message(LinkChanged(key, where))
        self._link.on_trouble = lambda error: self.post_message(ServerTrouble(error))
        self._asking.on_change = lambda turn: self.post_message(TurnChanged(turn))
        self._asking.on_lost = self._establish
        # After the first frame: nothing that takes time may come before it.
        self.call_after_refresh(self._start)

    async def on_unmount(self) -> None:
        await self._link.close()

    @property
    def _box(self) -> QuestionBox:
        return self.query_one(QuestionBox)

    @property
    def _panes(self) -> Panes:
        return self.query_one(Panes)

    def _start(self) -> None:
        self._establish()
        self._answer_questions()

    # ------------------------------------------------------------------------------------------------ the connection

    @work(exclusive=True, group="link")
    async def _establish(self) -> None:
        """Connects, and says what there is to read."""
        index = await self._link.establish()
        from tui.client import ClientError  # imported by now: establishing needs it

        client = await self._link.client()
        try:
            listing = await client.articles(limit=SAMPLES * 4)
        except ClientError as error:
            self.post_message(ServerTrouble(error))
        else:
            # Headlines make the better invitation: what has none is left out.
            titled = [article for article in listing.items if article.title][:SAMPLES]
            self.post_message(ServerTrouble(None))
            self.post_message(IndexKnown(index, [Reference.from_article(article) for article in titled]))

    @on(IndexKnown)
    def _index_known(self, event: IndexKnown) -> None:
        index = event.index
        self._reading.generation = index.generation or ""
        self.query_one(StatusBar).show_index(index)
        is_empty = index.counts.articles == 0
        self._panes.conversation.welcome(event.samples, is_sample=index.is_sample, is_empty=is_empty)

    @on(LinkChanged)
    def _link_changed(self, event: LinkChanged) -> None:
        self.query_one(StatusBar).show_link(LinkState(event.key, event.where))

    @on(ServerTrouble)
    def _server_trouble(self, event: ServerTrouble) -> None:
        self.query_one(TroubleBar).show_error(event.error)

    def action_retry(self) -> None:
        """Connects again at once."""
        if self._link.ready:
            self._establish()
        else:
            self._link.hurry()

    # ----------------------------------------------------------------------------------------------------- questions

    @on(QuestionBox.Asked)
    async def _question_asked(self, event: QuestionBox.Asked) -> None:
        turn = self._asking.put(event.question)
        self._panes.turn_to(article=False)
        await self._panes.conversation.add(turn)

    @work(exclusive=True, group="answers")
    async def _answer_questions(self) -> None:
        await self._asking.run()

    @on(TurnChanged)
    def _turn_changed(self, event: TurnChanged) -> None:
        """Shows what has become of a question, unless a new conversation was started meanwhile."""
        turn, conversation = event.turn, self._panes.conversation
        if turn not in self._asking.conversation.turns:
            return
        conversation.update_turn(turn)
        conversation.follow_turn(turn)
        self.query_one(KeyBar).relabel()
        if turn.stage in {Stage.FAILED, Stage.STOPPED}:
            self._box.bring_back(turn.question)
        if turn.reply is not None:
            self._reading.generation = turn.reply.generation
        if turn.stage is Stage.ANSWERED and turn.references:
            if turn.current is None or self._reading.is_outdated(turn):
                self._choose(turn, turn.current or 0)
        elif turn.references or turn.reply is not None:
            self._walk_through(turn)

    def action_stop(self) -> None:
        """Calls off the question that is being asked."""
        self._asking.stop()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002  # Textual's
        """What cannot be done leaves its key to the widget that is typed in."""
        match action:
            case "stop":
                return bool(self._asking.open_turns)
            case "whole_corpus":
                return self._asking.selection is not None
            case _:
                return True

    def select(self, filters: FiltersIn | None, label: str = "") -> None:
        """Has further questions put to a part of the corpus only.

        Args:
            filters: what that part is; None: all of it.
            label: the same in words.
        """
        self._asking.selection = Selection(filters, label) if filters is not None else None
        self._show_selection()
        self._box.focus()

    def action_whole_corpus(self) -> None:
        """Has further questions put to the whole corpus again."""
        self.select(None)

    def _show_selection(self) -> None:
        selection = self._asking.selection
        self.query_one(KeyBar).relabel()
        within = self._words("question.within", label=selection.label) if selection is not None else ""
        self._box.border_title = Content(clip(within, max(self.size.width - 8, 16)))

    async def action_new_conversation(self) -> None:
        """Forgets the conversation; what is typed stays."""
        self._asking.begin()
        self._reading.clear()
        await self._panes.conversation.clear()
        self._panes.article.clear()
        self._panes.turn_to(article=False)
        self._box.focus()

    # ---------------------------------------------------------------------------------------------------- references

    @on(TurnView.Chosen)
    def _reference_clicked(self, event: TurnView.Chosen) -> None:
        self._choose(event.turn, event.index)
        self._reveal_article()

    @on(ConversationPane.Opened)
    def _article_opened(self, event: ConversationPane.Opened) -> None:
        self._read(self._reading.open(event.reference))
        self._reveal_article()

    def action_next_reference(self, step: int = 1) -> None:
        """To the next (1) or previous (-1) match while words are looked for, else to that reference of the turn."""
        if not self._panes.article.walk_matches(step):
            self._go_to(self._reading.walk.step(step))

    def action_reference(self, digit: int) -> None:
        """To the reference with that number; a second digit makes a number of two where there is such a reference."""
        self._go_to(self._reading.walk.digit(digit))

    def _go_to(self, index: int | None) -> None:
        if self._reading.turn is not None and index is not None:
            self._choose(self._reading.turn, index)
            self._reveal_article()

    def _walk_through(self, turn: Turn) -> None:
        """Makes a turn the one whose references the keys walk."""
        left = self._reading.walk.enter(turn)
        if left is not None:
            self._panes.conversation.update_turn(left)

    def _choose(self, turn: Turn, index: int) -> None:
        """Makes a reference the current one and shows its article."""
        self._walk_through(turn)
        spot = self._reading.choose(turn, index)
        self._panes.conversation.update_turn(turn)
        self._read(spot)

    @work(exclusive=True, group="article")
    async def _read(self, spot: Spot) -> None:
        """Shows the article of a reference."""
        from tui.client import ClientError

        self._panes.article.begin(spot.label)
        try:
            article = await self._reading.article(spot.reference)
        except ClientError as error:
            self.post_message(ArticleFailed(error))
        else:
            self.post_message(ArticleCame(article, spot.reference, spot.others))

    @on(ArticleCame)
    def _article_came(self, event: ArticleCame) -> None:
        self._panes.article.show_article(event.article, event.reference, event.others)

    @on(ArticleFailed)
    def _article_failed(self, event: ArticleFailed) -> None:
        self._panes.article.fail(*describe(event.error, self._words))

    def action_find(self) -> None:
        """Finds words in the article."""
        if self._panes.article.article is not None:
            self._panes.turn_to(article=True)
            self._panes.article.open_find()

    def action_full_screen(self) -> None:
        """The article on the whole screen, and back to where it was left."""
        read_full_screen(self, self._reading, self._words, self._panes.article, self._came_back)

    def _came_back(self, spot: Spot) -> None:
        if self._reading.turn is not None:
            self._panes.conversation.update_turn(self._reading.turn)
        self._read(spot)

    # ------------------------------------------------------------------------------------------------ to take along

    def action_copy_sentence(self) -> None:
        """Copies the quote that is read, with its source."""
        copy_sentence(self.app, self._words, self._reading.spot.reference if self._reading.spot is not None else None)

    def action_copy_answer(self) -> None:
        """Copies the answer that is read, or the last one, with its sources."""
        last = next((turn for turn in reversed(self._asking.conversation.turns) if turn.reply is not None), None)
        copy_answer(self.app, self._words, self._reading.turn or last)

    def action_export(self) -> None:
        """Writes the conversation to a file."""
        export(self.app, self._words, self._asking.conversation)

    # --------------------------------------------------------------------------------------------- panes and language

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

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        bars = (self.query_one(StatusBar), self.query_one(TroubleBar), self.query_one(KeyBar))
        for part in (*bars, self._panes, self._box):
            part.relabel()
        self._show_selection()

    # ---------------------------------------------------------------------------------------------------------- keys

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
