"""A conversation as Markdown that a reader keeps: questions, answers with their marks, and numbered sources.

Text from outside is escaped: nothing in a page becomes a heading, a link, an image or HTML in whatever shows the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from tui.i18n import Words
from tui.taking.inert import inert, inert_line
from tui.taking.passages import source_line
from tui.talk.session import Conversation, Reference, Stage, Turn

_SPECIAL = re.compile(r"([\\`*_\[\]<>&|~$])")
_OPENING = re.compile(r"^([#+=-]|\d+(?=[.)]))", re.MULTILINE)
"""What means something at the start of a line only."""
_ESCAPED_MARK = re.compile(r"\\\[(\d{1,3})\\\]")
_LINK = re.compile(r"(?<=\])(?=[(:])")
"""Where brackets would become a link, or the address of one."""
_HTML = re.compile(r"<(?=[A-Za-z/!?])|!(?=\[)")
"""Where HTML or an image would begin."""


def as_markdown(conversation: Conversation, title: str, words: Words, now: datetime) -> str:
    """The whole conversation.

    Args:
        conversation: what to write; questions without an answer are told as such.
        title: what heads it.
        words: the interface's words, for what stands around the text.
        now: when it is written.
    """
    count = len(conversation.turns)
    head = [f"# {_escaped(inert_line(title))}", words("export.written", time=f"{now:%Y-%m-%d %H:%M}", count=count)]
    turns = [part for number, turn in enumerate(conversation.turns, 1) for part in _turn(number, turn, words)]
    return "\n\n".join([*head, *turns]) + "\n"


def _turn(number: int, turn: Turn, words: Words) -> list[str]:
    parts = [f"## {number}. {_escaped(inert_line(turn.question))}"]
    if turn.selection is not None:
        parts.append(words("export.selection", label=_escaped(inert_line(turn.selection.label))))
    reply = turn.reply
    if reply is None:
        if turn.partial:
            parts.append(_phrased(turn.partial))
        return [*parts, f"*{words('export.unanswered')}*"]
    if reply.standalone_question.strip() not in {"", turn.question.strip()}:
        understood = _escaped(inert_line(reply.standalone_question))
        parts.append(f"*{words('turn.understood', question=understood)}*")
    refused = turn.stage is Stage.REFUSED
    if refused:
        parts.append(f"**∅ {words('turn.refused')}**")
    parts.append(_phrased(reply.answer) if reply.answerer == "llm" else _quoted(reply.answer))
    parts += [f"⚠ {words('turn.warning', text=_escaped(inert_line(text)))}" for text in reply.warnings]
    if turn.references:
        parts += [f"**{words('copy.nearest' if refused else 'copy.sources')}**", _sources(turn.references, words)]
    return [*parts, words("export.generation", generation=_escaped(inert_line(reply.generation)))]


def _sources(references: Iterable[Reference], words: Words) -> str:
    return "\n\n".join(
        f"- **[{reference.number}]** {_escaped(source_line(reference, words))}"
        + (f"\n\n  > {_opened(_escaped(inert_line(reference.quote)))}" if reference.quote else "")
        for reference in references
    )


def _quoted(answer: str) -> str:
    """An answer that was put together from pages: plain text with marks, a line each, some of them items of a list."""
    lines = [line.strip() for line in inert(answer).splitlines() if line.strip()]
    made = ""
    for index, line in enumerate(lines):
        item = line.startswith("- ")
        text = _ESCAPED_MARK.sub(r"[\1]", _escaped(line.removeprefix("- ")))
        text = _LINK.sub(r"\\", text)
        together = item and index > 0 and lines[index - 1].startswith("- ")
        made += ("\n" if together else "\n\n") + (f"- {text}" if item else _opened(text))
    return made.strip()


def _phrased(answer: str) -> str:
    """An answer that a model wrote, which is Markdown already; what could reach out of the file is taken from it."""
    return _HTML.sub(lambda match: "\\" + match[0], _LINK.sub(r"\\", inert(answer))).strip()


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _opened(text: str) -> str:
    """Escaped where a line begins with what would make it a heading or a list."""
    return _OPENING.sub(lambda match: f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}", text)
