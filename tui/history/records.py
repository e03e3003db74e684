"""What the history gives out: conversations, their turns, and where searched words stand in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """One conversation that is kept."""

    id: int
    title: str
    """What the reader calls it; until then its first question."""
    updated: float
    """Seconds since 1970 (UTC): when it was last asked or answered in."""
    turns: int
    """Questions in it, answered or not."""


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One question that is kept, and its reply."""

    id: int
    question: str
    asked: float
    """Seconds since 1970 (UTC)."""
    reply: str | None
    """The `AskResponse` as JSON; None where no answer came."""


class Field(StrEnum):
    """What of a conversation a search looks at."""

    TITLE = "title"
    """The name that the reader gave the conversation."""
    QUESTION = "question"
    ANSWER = "answer"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Found:
    """A place in the history that holds what was searched for."""

    conversation: ConversationRecord
    turn: int | None
    """Id of the turn; None where the title was found."""
    field: Field
    text: str
    """The whole title, question, answer or quote."""
    ranges: tuple[tuple[int, int], ...]
    """`[start, end)` of `text` to mark, ascending and apart."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found, best first."""

    query: str
    found: tuple[Found, ...]
    total: int
    """How many there are; more than `found` where only the best were looked up."""
