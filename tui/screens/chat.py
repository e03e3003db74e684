"""The main screen: the conversation, the cited article beside it, the question box below."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from tui.history.keeper import Keeper
from tui.home.keys import Area, bindings
from tui.i18n import Words
from tui.messages import ArticleCame, ArticleFailed, FatesKnown, TurnChanged
from tui.notices import notice
from tui.remote.link import Link
from tui.screens.article import read_full_screen
from tui.screens.explanation import ExplanationScreen
from tui.screens.paned import PanedScreen
from tui.taking.copying import copy_answer, copy_sentence, export
from tui.talk.asking import Asking
from tui.talk.reading import Reading, Spot
from tui.talk.session import Conversation, Reference, Selection, Stage, Turn
from tui.text.glyphs import clip
from tui.widgets.bars import KeyBar, StatusBar, TroubleBar
from tui.widgets.conversation import ConversationPane
from tui.widgets.corpus.refresh import IndexSeen, RefreshLine
from tui.widgets.panes import WIDE, Panes
from tui.widgets.question import QuestionBox
from tui.widgets.turn import TurnView, describe

if TYPE_CHECKING:
    from server.schemas import FiltersIn, IndexOut
    from tui.history.turns import Resumed


class ChatScreen(PanedScreen):
    """Asks, shows the answer, and lets its places be read.

    Args:
        link: the connection to the server; opened after the first frame.
        words: the interface's words.
        keeper: keeps the conversations; None: nothing does.
    """

    AUTO_FOCUS = "#question"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012  # as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Area.READING, Area.CHAT)]

    def __init__(self, link: Link, words: Words, keeper: Keeper | None = None) -> None:
        super().__init__(link, words)
        self._asking = Asking(link, keeper)
        self._reading = Reading(link)

    def compose(self) -> ComposeResult:
        yield StatusBar(self._words, id="status")
        yield RefreshLine(self.freshness, self._words)
        yield Panes(self._words, id="panes")
        yield TroubleBar(self._words, id="trouble")
        yield QuestionBox(self._words, id="question")
        yield KeyBar(self._words, id="keys")

    def on_mount(self) -> None:
        self._asking.on_change = lambda turn: self.post_message(TurnChanged(turn))
        self._asking.on_lost = self._establish
        # After the first frame: nothing that takes time may come before it.
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self._establish()
        self._answer_questions()

    def show_index(self, index: IndexOut, samples: list[Reference]) -> None:
        is_empty = index.counts.articles == 0
        self._panes.conversation.welcome(samples, is_sample=index.is_sample, is_empty=is_empty)

    @on(IndexSeen)
    def _generation_seen(self, event: IndexSeen) -> None:
        """Articles of another index than the one that is loaded are forgotten."""
        self._reading.generation = event.seen.index.generation or ""

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
        if not (turn.stage is Stage.STREAMING and turn.partial):  # as it was with the piece before
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

    def take_selection(self, selection: Selection | None) -> None:
        """Takes what was chosen in the corpus browser; None: nothing was."""
        if selection is not None:
            self.select(selection.filters, selection.label)

    def action_whole_corpus(self) -> None:
        """Has further questions put to the whole corpus again."""
        self.select(None)

    def _show_selection(self) -> None:
        selection = self._asking.selection
        self.query_one(KeyBar).relabel()
        within = self._words("question.within", label=selection.label) if selection is not None else ""
        self._box.border_title = Content(clip(within, max(self.size.width - 8, 16)))

    @property
    def conversation(self) -> Conversation:
        """The conversation that is open."""
        return self._asking.conversation

    async def action_new_conversation(self) -> None:
        """Begins a new conversation; what is typed stays."""
        await self._begin()

    async def resume(self, resumed: Resumed, record: int | None = None, quote: str = "") -> None:
        """Goes on with a kept conversation.

        Args:
            resumed: that conversation.
            record: id of the turn to go to; None: the last one.
            quote: what of its citations to read; where it has none such, the first.
        """
        turns = resumed.conversation.turns
        await self._begin(resumed.conversation)
        await self._panes.conversation.add(*turns)
        turn = resumed.turn(record) or turns[-1]
        self._panes.conversation.show_turn(turn)
        if turn.references:
            quotes = [reference.quote for reference in turn.references]
            self._choose(turn, quotes.index(quote) if quote in quotes else 0)
        if resumed.unanswered:
            self._box.bring_back(resumed.unanswered)
            notice(self.app, self._words, "history.offered")
        self._look_after(turns)

    @work(exclusive=True, group="fates")
    async def _look_after(self, turns: list[Turn]) -> None:
        """Finds out what has become of the articles that turns cite, the last turn first."""
        from tui.remote.client import ClientError

        await self._link.client()
        for turn in reversed(turns):
            if turn.reply is None or turn.reply.generation == self._reading.generation:
                continue
            try:
                self.post_message(FatesKnown(turn, await self._reading.fates(turn)))
            except ClientError:
                return  # whoever reads one of them is told why it cannot be had

    @on(FatesKnown)
    def _fates_known(self, event: FatesKnown) -> None:
        event.turn.fates = event.fates
        self._panes.conversation.update_turn(event.turn)

    async def _begin(self, conversation: Conversation | None = None) -> None:
        """Goes on with another conversation, a new one where none is given."""
        self._asking.begin(conversation)
        self._reading.clear()
        await self._panes.conversation.clear()
        self._panes.article.clear()
        self._panes.turn_to(article=False)
        self._box.focus()

    def action_explain(self) -> None:
        """Why the turn that is read was answered or refused."""
        settled = [turn for turn in self._asking.conversation.turns if turn.stage.settled]
        turn = self._reading.turn or (settled[-1] if settled else None)
        if turn is not None:
            self.app.push_screen(ExplanationScreen(turn, self._asking.explanation, self._words), self._open)

    # ---------------------------------------------------------------------------------------------------- references

    @on(TurnView.Chosen)
    def _reference_clicked(self, event: TurnView.Chosen) -> None:
        self._choose(event.turn, event.index)
        self._reveal_article()

    @on(ConversationPane.Opened)
    def _article_opened(self, event: ConversationPane.Opened) -> None:
        self._open(event.reference)

    def _open(self, reference: Reference | None) -> None:
        """Shows an article that no turn points to."""
        if reference is not None:
            self._read(self._reading.open(reference))
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
        from tui.remote.client import ClientError

        self._panes.article.begin(spot.label)
        try:
            article = await self._reading.article(spot.reference)
        except ClientError as error:
            self.post_message(ArticleFailed(error, spot.reference))
        else:
            self.post_message(ArticleCame(article, spot.reference, spot.others))

    @on(ArticleCame)
    def _article_came(self, event: ArticleCame) -> None:
        self._panes.article.show_article(event.article, event.reference, event.others)

    @on(ArticleFailed)
    def _article_failed(self, event: ArticleFailed) -> None:
        if event.is_gone:
            self._panes.article.gone(event.reference)
        else:
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

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        bars = (
            self.query_one(StatusBar),
            self.query_one(RefreshLine),
            self.query_one(TroubleBar),
            self.query_one(KeyBar),
        )
        for part in (*bars, self._panes, self._box):
            part.relabel()
        self._show_selection()
