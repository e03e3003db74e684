"""What is kept, and why it cannot be, in the words of the interface."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.i18n import Words

if TYPE_CHECKING:
    from tui.history.failures import HistoryError
    from tui.history.records import ConversationRecord

FAULTS = {
    "broken": "history.broken",
    "newer": "history.newer",
    "disk": "history.disk",
    "busy": "history.busy",
}
"""By fault of the file, the words for it."""


def extent(record: ConversationRecord, words: Words, current: int | None = None) -> str:
    """How many questions a conversation has, and of when; and whether it is the open one, whose id is `current`."""
    turns = words("history.turn" if record.turns == 1 else "history.turns", count=record.turns)
    told = f"{turns} · {when(record.updated):>5}"
    return words("history.current", rest=told) if record.id == current else told


def trouble_in_words(error: HistoryError, words: Words) -> str:
    """What is wrong with the file of conversations, and what to do."""
    return words(FAULTS[error.fault], **trouble_values(error, words))


def trouble_values(error: HistoryError, words: Words) -> dict[str, object]:
    """The values of those words."""
    detail = words("history.detail", detail=error.detail) if error.detail else ""
    return {"path": error.path, "detail": detail}


def when(seconds: float, now: float | None = None) -> str:
    """A time as short as it can be: the hour today, the day this year, else the date."""
    then, today = time.localtime(seconds), time.localtime(now)
    if then[:3] == today[:3]:
        return time.strftime("%H:%M", then)
    return time.strftime("%m-%d" if then.tm_year == today.tm_year else "%Y-%m-%d", then)


def in_a_line(record: ConversationRecord) -> str:
    """Its title without line breaks."""
    return " ".join(record.title.split())
