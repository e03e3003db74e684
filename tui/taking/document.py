"""A conversation as JSON that a program reads. `docs/export.md` describes the form; a change of it that a reader of the
old one would trip over is another version."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tui.taking.inert import inert_json
from tui.talk.session import Conversation, Stage, Turn

FORMAT = "wenbao.conversation"
VERSION = 1

_OUTCOMES = {
    Stage.WAITING: "open",
    Stage.ASKING: "open",
    Stage.STREAMING: "open",
    Stage.ANSWERED: "answered",
    Stage.REFUSED: "refused",
    Stage.FAILED: "failed",
    Stage.STOPPED: "stopped",
    Stage.UNANSWERED: "unanswered",
}


def as_json(conversation: Conversation, title: str, now: datetime) -> str:
    """The whole conversation, citations character for character as they came over the wire.

    Args:
        conversation: what to write.
        title: its name.
        now: when it is written, with its time zone.
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        "title": title,
        "written": _utc(now),
        "turns": [_turn(turn) for turn in conversation.turns],
    }
    return inert_json(json.dumps(document, ensure_ascii=False, indent=2)) + "\n"


def _turn(turn: Turn) -> dict[str, Any]:
    reply = turn.reply
    filters = turn.selection.filters.model_dump(mode="json", exclude_none=True) if turn.selection is not None else None
    return {
        "question": turn.question,
        "asked": _utc(datetime.fromtimestamp(turn.asked, UTC)),
        "filters": filters,
        "outcome": _OUTCOMES[turn.stage],
        "answer": reply.answer if reply is not None else None,
        "partial": turn.partial if reply is None and turn.partial else None,
        "citations": [citation.model_dump(mode="json") for citation in reply.citations] if reply is not None else [],
        "nearest": [hit.model_dump(mode="json") for hit in reply.hits] if turn.stage is Stage.REFUSED and reply else [],
        "standalone_question": reply.standalone_question if reply is not None else None,
        "answerer": reply.answerer if reply is not None else None,
        "generation": reply.generation if reply is not None else None,
        "warnings": list(reply.warnings) if reply is not None else [],
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
