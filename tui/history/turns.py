"""Kept turns as turns of a conversation again, with their citations and marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from server.schemas import AskResponse
from tui.history.records import TurnRecord
from tui.talk.session import Conversation, Stage, Turn


@dataclass(frozen=True, slots=True)
class Resumed:
    """A conversation to go on with."""

    conversation: Conversation
    unanswered: str
    """The question at its end that got no answer; empty where it ends with an answer."""

    def turn(self, record: int | None) -> Turn | None:
        """The turn with that id; None where there is none."""
        return next((turn for turn in self.conversation.turns if turn.record == record), None)


def resumed(conversation: int, records: Sequence[TurnRecord]) -> Resumed:
    """The conversation that the records are of.

    Args:
        conversation: its id.
        records: its turns, oldest first; not empty.
    """
    turns = [_turn(record) for record in records]
    last = turns[-1]
    return Resumed(Conversation(turns, conversation), last.question if last.reply is None else "")


def _turn(record: TurnRecord) -> Turn:
    turn = Turn(record.question, Stage.UNANSWERED, record=record.id)
    reply = _reply(record.reply)
    if reply is not None:
        turn.settle(reply)
    return turn


def _reply(kept: str | None) -> AskResponse | None:
    """The reply; None where there is none, or one of another age that this version cannot read."""
    try:
        return AskResponse.model_validate_json(kept) if kept is not None else None
    except ValidationError:
        return None
