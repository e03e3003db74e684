"""What is copied: a sentence or an answer as plain text, each with enough beside it to be found again in its source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui.i18n import Words
from tui.taking.inert import inert, inert_line
from tui.talk.session import Reference, Stage, Turn
from tui.text.quotes import Span

if TYPE_CHECKING:
    from server.schemas import AskResponse


def sentence(reference: Reference, words: Words) -> str:
    """The quote of a reference, and below it the line that tells where it stands."""
    return f"{inert(reference.quote)}\n{words('copy.source', line=source_line(reference, words))}"


def answer(turn: Turn, words: Words) -> str:
    """The answer of a settled turn, or its refusal and what came nearest, with numbered sources."""
    assert turn.reply is not None  # noqa: S101  # settled turns have one
    heading = "copy.nearest" if turn.stage is Stage.REFUSED else "copy.sources"
    parts = [inert(turn.reply.answer).strip(), *_warnings(turn.reply, words)]
    if turn.references:
        parts += ["", words(heading), *(_numbered(reference, words) for reference in turn.references)]
    return "\n".join(parts)


def source_line(reference: Reference, words: Words) -> str:
    """An article in a line: headline, place, date, source, and the characters of it that are meant."""
    title = inert_line(reference.title) or words("article.untitled")
    place = inert_line("".join(reference.place[-2:]))
    date = inert_line(reference.date or "")
    source = inert_line(reference.source)
    if reference.spans:
        source = words("copy.at", source=source, spans=ranges(reference.spans))
    return words("copy.join").join(part for part in (title, place, date, source) if part)


def ranges(spans: Iterable[Span]) -> str:
    """Source offsets as they are written everywhere: `[start, end)`, code points, counted from 0."""
    return ", ".join(f"[{start}, {end})" for start, end in spans)


def _numbered(reference: Reference, words: Words) -> str:
    quote = inert_line(reference.quote)
    line = f"[{reference.number}] {source_line(reference, words)}"
    return f"{line}\n    {words('copy.quote', quote=quote)}" if quote else line


def _warnings(reply: AskResponse, words: Words) -> list[str]:
    return [words("turn.warning", text=inert_line(text)) for text in reply.warnings]
