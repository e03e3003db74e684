"""The main screen: the conversation, the cited article beside it, the question box below."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen

from tui.i18n import Words
from tui.link import Connect, Link
from tui.screens.help import HelpScreen
from tui.session import Conversation, Reference, Stage, Turn
from tui.widgets.article import ArticlePane
from tui.widgets.bars import Key, KeyBar, LinkState, StatusBar
from tui.widgets.conversation import ConversationPane
from tui.widgets.prose import Paragraph, Prose
from tui.widgets.question import QuestionBox
from tui.widgets.turn import TurnView, describe

if TYPE_CHECKING:
    from server.schemas import ArticleDetail
    from tui.client import Client, ClientError

WIDE = 110
"""Columns from which both panes are shown side by side."""
SAMPLES = 5
"""Articles that the guidance names."""

_BOX_KEYS = (
    Key("Enter", "key.send", "send"),
    Key("↑↓", "key.history", "history"),
    Key("Esc", "key.read", "escape"),
)
_READING_KEYS = (
    Key("n/p", "key.walk", "next_reference"),
    Key("1-9", "key.number", "next_reference"),
    Key("Esc", "key.ask", "escape"),
)
_COMMON_KEYS = (
    Key("Tab", "key.pane", "next_pane"),
    Key("F1", "key.help", "help"),
    Key("F3", "key.language", "language"),
    Key("^L", "key.new", "new_conversation"),
    Key("^Q", "key.quit", "quit"),
)


class ChatScreen(Screen[None]):
    """Asks, shows the answer, and lets its places be read.

    Args:
        connect: gives the server's address and key; runs in a thread after the first frame.
        words: the interface's words.
    """

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  # as Textual declares it
        (0, "-narrow"),
        (WIDE, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", show=False, priority=True),
        Binding("f2", "flip", show=False, priority=True),
        Binding("f3", "language", show=False, priority=True),
        Binding("f5", "retry", show=False, priority=True),
        Binding("ctrl+l", "new_conversation", show=False, priority=True),
        Binding("tab", "next_pane", show=False, priority=True),
        Binding("shift+tab", "next_pane(-1)", show=False, priority=True),
        Binding("escape", "escape", show=False, priority=True),
        Binding("question_mark", "help", show=False),
        Binding("n", "next_reference", show=False),
        Binding("p", "next_reference(-1)", show=False),
        *(Binding(digit, f"reference({digit})", show=False) for digit in "0123456789"),
    ]

    def __init__(self, connect: Connect, words: Words) -> None:
        super().__init__()
        self._words = words
        self._link = Link(connect, on_state=self._link_changed, on_trouble=self._link_failed)
        self._conversation = Conversation()
        self._turn: Turn | None = None
        """The turn whose references n, p and the digits walk."""
        self._questions: asyncio.Queue[Turn] = asyncio.Queue()
        self._articles: dict[str, ArticleDetail] = {}
        self._generation = ""
        self._trouble: ClientError | None = None
        self._typed_number = 0

    def compose(self) -> ComposeResult:
        yield StatusBar(self._words, id="status")
        with Horizontal(id="panes"):
            yield ConversationPane(self._words, id="conversation")
            yield ArticlePane(self._words, id="article")
        yield Prose(id="trouble")
        yield QuestionBox(self._words, id="question")
        yield KeyBar(self._words, id="keys")

    def on_mount(self) -> None:
        self.query_one(QuestionBox).focus()
        self.query_one("#trouble").display = False
        self._show_keys()
        # After the first frame: nothing that takes time may come before it.
        self.call_after_refresh(self._start)

    async def on_unmount(self) -> None:
        await self._link.close()

    def _start(self) -> None:
        self._establish()
        self._answer_questions()

    # ------------------------------------------------------------------------------------------------ the connection

    @work(exclusive=True, group="link")
    async def _establish(self) -> None:
        """Connects, and says what there is to read."""
        from tui.client import ClientError

        client = await self._link.establish()
        self._trouble = None
        self._show_trouble()
        try:
            await self._learn_index(client)
        except ClientError as error:
            self._link_failed(error)

    async def _learn_index(self, client: Client) -> None:
        index = await client.index()
        self._generation = index.generation or ""
        status = self.query_one(StatusBar)
        status.index = index
        status.relabel()
        listing = await client.articles(limit=SAMPLES * 4)
        # Headlines make the better invitation: what has none is left out.
        titled = [article for article in listing.items if article.title][:SAMPLES]
        self.query_one(ConversationPane).welcome(
            [Reference.from_article(article) for article in titled],
            is_sample=index.is_sample,
            is_empty=index.counts.articles == 0 and index.generation is not None,
        )

    def _link_changed(self, key: str, where: str) -> None:
        status = self.query_one(StatusBar)
        status.link = LinkState(key, where)
        status.relabel()

    def _link_failed(self, error: ClientError) -> None:
        self._trouble = error
        self._show_trouble()

    def _show_trouble(self) -> None:
        """The line above the question box: what is wrong with the server, or nothing."""
        line = self.query_one("#trouble", Prose)
        line.display = self._trouble is not None
        if self._trouble is not None:
            message, hint = describe(self._trouble, self._words)
            line.show([Paragraph(message, "error"), Paragraph(self._words("error.hint", hint=hint), "hint", rest=2)])

    def action_retry(self) -> None:
        """Connects again at once."""
        if self._link.ready:
            self._establish()
        else:
            self._link.hurry()

    # ----------------------------------------------------------------------------------------------------- questions

    @on(QuestionBox.Asked)
    async def _question_asked(self, event: QuestionBox.Asked) -> None:
        turn = Turn(event.question)
        if self._link.ready:
            turn.stage = Stage.ASKING
        self._conversation.turns.append(turn)
        self.remove_class("-reading")
        await self.query_one(ConversationPane).add(turn)
        self._questions.put_nowait(turn)

    @work(exclusive=True, group="answers")
    async def _answer_questions(self) -> None:
        """Asks one question after the other, so that each knows the answers before it."""
        while True:
            turn = await self._questions.get()
            client = await self._link.client()
            if turn in self._conversation.turns:
                await self._ask(client, turn)

    async def _ask(self, client: Client, turn: Turn) -> None:
        from server.schemas import TurnIn
        from tui.client import ClientError, Trouble

        pane = self.query_one(ConversationPane)
        turn.stage = Stage.ASKING
        pane.update_turn(turn)
        earlier = self._conversation.messages_before(turn)
        history = [TurnIn.model_construct(role=role, content=content) for role, content in earlier]
        try:
            turn.settle(await client.ask(turn.question, history))
        except ClientError as error:
            turn.fail(error)
            self.query_one(QuestionBox).bring_back(turn.question)
            if error.kind is Trouble.UNREACHABLE:
                self._establish()
        if turn not in self._conversation.turns:
            return  # a new conversation was started meanwhile
        pane.update_turn(turn)
        pane.show_turn(turn)
        if turn.stage in {Stage.ANSWERED, Stage.REFUSED}:
            self._turn = turn
        if turn.stage is Stage.ANSWERED and turn.references:
            self._choose(turn, 0, reveal=False)

    async def action_new_conversation(self) -> None:
        """Forgets the conversation; what is typed stays."""
        self._conversation = Conversation()
        self._turn = None
        await self.query_one(ConversationPane).clear()
        self.query_one(ArticlePane).clear()
        self.remove_class("-reading")
        self.query_one(QuestionBox).focus()

    # ---------------------------------------------------------------------------------------------------- references

    @on(TurnView.Chosen)
    def _reference_clicked(self, event: TurnView.Chosen) -> None:
        self._choose(event.turn, event.index, reveal=True)

    @on(ConversationPane.Opened)
    def _article_opened(self, event: ConversationPane.Opened) -> None:
        self._reveal_article()
        self._read(event.reference, (), ("article.title", {}))

    def action_next_reference(self, step: int = 1) -> None:
        """To the next (1) or previous (-1) reference of the turn, around at the ends."""
        self._typed_number = 0
        turn = self._turn
        if turn is not None and turn.references:
            at = turn.current if turn.current is not None else (-1 if step > 0 else 0)
            self._choose(turn, (at + step) % len(turn.references), reveal=True)

    def action_reference(self, digit: int) -> None:
        """To the reference with that number; a second digit makes a number of two where there is such a reference."""
        turn = self._turn
        if turn is None:
            return
        for number in (self._typed_number * 10 + digit, digit):
            index = turn.index_of(number)
            if index is not None:
                self._typed_number = number
                self._choose(turn, index, reveal=True)
                return
        self._typed_number = 0

    def _choose(self, turn: Turn, index: int, *, reveal: bool) -> None:
        """Makes a reference the current one and shows its article; with `reveal`, on a narrow screen, instead of the
        conversation."""
        before, self._turn = self._turn, turn
        turn.current = index
        pane = self.query_one(ConversationPane)
        pane.update_turn(turn)
        if before is not None and before is not turn:
            before.current = None
            pane.update_turn(before)
        if reveal:
            self._reveal_article()
        reference = turn.references[index]
        key = "article.citation" if turn.stage is Stage.ANSWERED else "article.hit"
        place = {"number": reference.number, "position": index + 1, "total": len(turn.references)}
        others = turn.references if turn.stage is Stage.ANSWERED else ()
        self._read(reference, others, (key, place))

    @work(exclusive=True, group="article")
    async def _read(
        self, reference: Reference, others: tuple[Reference, ...], label: tuple[str, dict[str, object]]
    ) -> None:
        """Shows the article of a reference, fetched once per generation of the index."""
        from tui.client import ClientError

        pane = self.query_one(ArticlePane)
        pane.begin(label)
        try:
            article = await self._fetch(reference.article_id)
        except ClientError as error:
            pane.fail(*describe(error, self._words))
        else:
            pane.show(article, reference, [other for other in others if other is not reference])

    async def _fetch(self, article_id: str) -> ArticleDetail:
        turn_reply = self._turn.reply if self._turn is not None else None
        if turn_reply is not None and turn_reply.generation != self._generation:
            self._generation = turn_reply.generation
            self._articles.clear()
        if article_id not in self._articles:
            client = await self._link.client()
            self._articles[article_id] = await client.article(article_id)
        return self._articles[article_id]

    # --------------------------------------------------------------------------------------------- panes and language

    @property
    def _is_narrow(self) -> bool:
        return self.size.width < WIDE

    def _reveal_article(self) -> None:
        """On a narrow screen, shows the article in the conversation's place."""
        if self._is_narrow:
            self.add_class("-reading")
            if self.focused is not self.query_one(QuestionBox):
                self.query_one(ArticlePane).focus()

    def action_flip(self) -> None:
        """The other of conversation and article: shown, on a narrow screen; focused, on a wide one."""
        to_article = not (
            self.has_class("-reading") if self._is_narrow else self.focused is self.query_one(ArticlePane)
        )
        self.set_class(to_article, "-reading")
        if self.focused is not self.query_one(QuestionBox) or not self._is_narrow:
            self.query_one("#article" if to_article else "#conversation").focus()

    def action_next_pane(self, step: int = 1) -> None:
        """The focus to the next pane: question box, conversation, article, and around."""
        panes = [self.query_one(QuestionBox), self.query_one(ConversationPane), self.query_one(ArticlePane)]
        at = next((index for index, pane in enumerate(panes) if pane is self.focused), 0)
        following = panes[(at + step) % len(panes)]
        if not isinstance(following, QuestionBox):
            self.set_class(isinstance(following, ArticlePane), "-reading")
        following.focus()

    def action_escape(self) -> None:
        """From the question box to reading, and back."""
        if self.focused is self.query_one(QuestionBox):
            reading = self.has_class("-reading") or (not self._is_narrow and self.query_one(ArticlePane).article)
            self.query_one("#article" if reading else "#conversation").focus()
        else:
            self.remove_class("-reading")
            self.query_one(QuestionBox).focus()

    def action_language(self) -> None:
        """The interface in the other language."""
        self._words.language = self._words.language.other
        self.query_one(StatusBar).relabel()
        self.query_one(ConversationPane).relabel()
        self.query_one(ArticlePane).relabel()
        self.query_one(QuestionBox).relabel()
        self.query_one(KeyBar).relabel()
        self._show_trouble()

    def action_help(self) -> None:
        """The table of keys."""
        self.app.push_screen(HelpScreen(self._words))

    @on(QuestionBox.HelpWanted)
    def _help_wanted(self) -> None:
        self.action_help()

    # ---------------------------------------------------------------------------------------------------------- keys

    def on_descendant_focus(self) -> None:
        self._show_keys()

    def _show_keys(self) -> None:
        keys = _BOX_KEYS if self.focused is None or isinstance(self.focused, QuestionBox) else _READING_KEYS
        self.query_one(KeyBar).show_keys((*keys, *_COMMON_KEYS))

    def on_key(self, event: events.Key) -> None:
        """Ideographs typed while reading are the start of a question: an input method has no reading mode."""
        box = self.query_one(QuestionBox)
        if event.character and event.is_printable and not event.character.isascii() and self.focused is not box:
            event.stop()
            box.focus()
            box.insert(event.character)

    @on(KeyBar.Pressed)
    async def _key_clicked(self, event: KeyBar.Pressed) -> None:
        await self.run_action(event.action)

    def action_send(self) -> None:
        """Sends what is typed."""
        self.query_one(QuestionBox).send()

    def action_history(self) -> None:
        """Brings the question before back."""
        self.query_one(QuestionBox).focus()
        self.query_one(QuestionBox).action_cursor_up()

    def action_quit(self) -> None:
        """Leaves."""
        self.app.exit()
