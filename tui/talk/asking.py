"""Asking: the questions of a conversation, put to the server one after the other, so that each knows the answers before
it, and the answers taken in as they come.

Nothing here touches a widget; what becomes of a question is told through callbacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from tui.history.keeper import Keeper
from tui.remote.link import Link
from tui.talk.session import Conversation, Selection, Stage, Turn

if TYPE_CHECKING:
    from server.client import StreamEvent
    from server.schemas import AskResponse, TurnIn
    from tui.remote.client import Client

REDRAW_SECONDS = 1 / 30
"""Least time between two tellings of an answer that grows: an eye sees no more, and each costs a layout."""


class Pace:
    """Grants a wish at most once in a while; several wishes in between are one.

    Args:
        grant: what is wished for.
        seconds: least time between two grants.
    """

    def __init__(self, grant: Callable[[], object], seconds: float = REDRAW_SECONDS) -> None:
        self._grant = grant
        self._seconds = seconds
        self._last = float("-inf")
        self._waiting: asyncio.TimerHandle | None = None

    def wish(self) -> None:
        """Grants the wish now, or as soon as it is time."""
        if self._waiting is None:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_at(max(loop.time(), self._last + self._seconds), self._act)

    def forget(self) -> None:
        """Grants no wish any more that has not been granted."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _act(self) -> None:
        self._waiting = None
        self._last = asyncio.get_running_loop().time()
        self._grant()


class Asking:
    """Holds the conversation, and asks what is put to it.

    Args:
        link: the connection to the server; questions wait until it is there.
        keeper: keeps what is asked and answered; None: nothing does.
    """

    on_change: Callable[[Turn], object]
    """Told each time something has become of a question; at most thirty times a second while its answer grows."""
    on_lost: Callable[[], object]
    """Told that the server, which was there, cannot be reached any more."""

    def __init__(self, link: Link, keeper: Keeper | None = None) -> None:
        self.conversation = Conversation()
        self.selection: Selection | None = None
        """The part of the corpus that further questions are put to; None: all of it."""
        self.on_change = lambda _turn: None
        self.on_lost = lambda: None
        self._link = link
        self._keeper = keeper or Keeper(None)
        self._questions: asyncio.Queue[Turn] = asyncio.Queue()
        self._running: tuple[Turn, asyncio.Task[None]] | None = None

    @property
    def open_turns(self) -> list[Turn]:
        """The turns of the conversation that are not settled yet, oldest first."""
        return [turn for turn in self.conversation.turns if not turn.stage.settled]

    def put(self, question: str) -> Turn:
        """Takes a question; it is asked when those before it are settled and the server can be asked."""
        turn = Turn(question, selection=self.selection)
        self.conversation.turns.append(turn)
        self._questions.put_nowait(turn)
        self._keeper.asked(self.conversation, turn)
        return turn

    def begin(self, conversation: Conversation | None = None) -> None:
        """Goes on with another conversation, a new one where none is given; what is open in this one is called off."""
        while self.stop() is not None:
            pass
        self.conversation = conversation if conversation is not None else Conversation()

    def stop(self) -> Turn | None:
        """Calls off the question that is being asked, or the last one that waits.

        Returns:
            The turn that was stopped; None where nothing is asked.
        """
        turns = self.open_turns
        if not turns:
            return None
        running = self._running
        turn = running[0] if running is not None and running[0] in turns else turns[-1]
        turn.stop()
        if running is not None and running[0] is turn:
            running[1].cancel()
        else:
            self.on_change(turn)
        return turn

    async def run(self) -> None:
        """Asks what there is and what comes; ends when it is cancelled."""
        while True:
            turn = await self._questions.get()
            client = await self._link.client()
            if turn.stage is Stage.WAITING and turn in self.conversation.turns:
                self._running = turn, asyncio.create_task(self._ask(client, turn))
                try:
                    await self._running[1]
                finally:
                    self._running = None

    async def explanation(self, turn: Turn) -> AskResponse:
        """A turn's question asked again, as it was asked, for the reply with its explanation.

        The server quotes instead of having a model phrase: what is found, and whether it is answered, is the same.

        Raises:
            ClientError: it cannot be had.
        """
        client = await self._link.client()
        history, filters = self._history(turn), turn.selection.filters if turn.selection is not None else None
        return await client.ask(turn.question, history, filters=filters, answerer="extractive", explain=True)

    def _history(self, turn: Turn) -> list[TurnIn]:
        """What goes along with a question. What is beyond the limit of a message is cut, not sent to be refused."""
        from server.schemas import MAX_TURN, TurnIn

        earlier = self.conversation.messages_before(turn)
        return [TurnIn.model_construct(role=role, content=content[:MAX_TURN]) for role, content in earlier]

    async def _ask(self, client: Client, turn: Turn) -> None:
        from tui.remote.client import ClientError, Trouble

        turn.stage = Stage.ASKING
        self.on_change(turn)
        filters = turn.selection.filters if turn.selection is not None else None
        pace = Pace(lambda: self.on_change(turn))
        try:
            async with client.asking(turn.question, self._history(turn), filters=filters) as events:
                await _take_in(events, turn, pace)
        except ClientError as error:
            turn.fail(error)
            if error.kind in {Trouble.UNREACHABLE, Trouble.BROKEN}:
                self.on_lost()
        except asyncio.CancelledError:
            if turn.stage is not Stage.STOPPED:  # the screen closes, and nobody is left to tell
                raise
        finally:
            pace.forget()
        self._keeper.settled(turn)
        self.on_change(turn)


async def _take_in(events: AsyncIterator[StreamEvent], turn: Turn, pace: Pace) -> None:
    """Has a turn take the events of its answer in; each makes it wish to be shown."""
    from server.schemas import AskResponse, CitationOut, DeltaEvent, HitsEvent

    async for event in events:
        match event:
            case HitsEvent():
                turn.find(event.hits)
            case DeltaEvent():
                turn.grow(event.text)
            case CitationOut():
                turn.cite(event)
            case AskResponse():
                turn.settle(event)
                return
        pace.wish()
