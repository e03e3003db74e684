"""Asking: the questions of a conversation, put to the server one after the other, so that each knows the answers before
it.

Nothing here touches a widget; what becomes of a question is told through callbacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.link import Link
from tui.session import Conversation, Stage, Turn

if TYPE_CHECKING:
    from tui.client import Client


class Asking:
    """Holds the conversation, and asks what is put to it.

    Args:
        link: the connection to the server; questions wait until it is there.
    """

    on_change: Callable[[Turn], object]
    """Told each time something has become of a question."""
    on_lost: Callable[[], object]
    """Told that the server, which was there, cannot be reached any more."""

    def __init__(self, link: Link) -> None:
        self.conversation = Conversation()
        self.on_change = lambda _turn: None
        self.on_lost = lambda: None
        self._link = link
        self._questions: asyncio.Queue[Turn] = asyncio.Queue()

    def put(self, question: str) -> Turn:
        """Takes a question; it is asked when those before it are settled and the server can be asked."""
        turn = Turn(question)
        self.conversation.turns.append(turn)
        self._questions.put_nowait(turn)
        return turn

    def begin(self, conversation: Conversation | None = None) -> None:
        """Goes on with another conversation, a new one where none is given; what waits in this one is not asked."""
        self.conversation = conversation if conversation is not None else Conversation()

    async def run(self) -> None:
        """Asks what there is and what comes; ends when it is cancelled."""
        while True:
            turn = await self._questions.get()
            client = await self._link.client()
            if turn in self.conversation.turns:
                await self._ask(client, turn)

    async def _ask(self, client: Client, turn: Turn) -> None:
        from server.schemas import TurnIn
        from tui.client import ClientError, Trouble

        turn.stage = Stage.ASKING
        self.on_change(turn)
        earlier = self.conversation.messages_before(turn)
        history = [TurnIn.model_construct(role=role, content=content) for role, content in earlier]
        try:
            turn.settle(await client.ask(turn.question, history))
        except ClientError as error:
            turn.fail(error)
            if error.kind is Trouble.UNREACHABLE:
                self.on_lost()
        self.on_change(turn)
