"""One question and what became of it, as it stands in the conversation."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.style import Style
from textual.message import Message

from tui.i18n import Words
from tui.talk.session import Fate, Reference, Stage, Turn
from tui.text.glyphs import cells
from tui.text.markdown import Document
from tui.text.typesetting import Column
from tui.widgets.prose import Paragraph, Prose, Touch

if TYPE_CHECKING:
    from tui.remote.client import ClientError

_MARK = re.compile(r"\[(\d{1,3})\]")
_FATES = {Fate.MOVED: "fate.moved", Fate.LOST: "fate.lost", Fate.GONE: "fate.gone"}
RESERVE = 12
"""Lines that an answer grows by, on the screen, while it streams."""
_STAGE_CLASSES = {stage: f"-{stage.name.lower()}" for stage in Stage}


class TurnView(Prose):
    """Draws a turn; its marks and its list of places can be clicked.

    Args:
        turn: what to draw; call `relabel` when it has changed.
        words: the interface's words.
        looks: another text on the same ground, whose looks it has; they are worked out once for all turns, since each
            takes several milliseconds.
    """

    class Chosen(Message):
        """A reference of the turn was chosen."""

        def __init__(self, turn: Turn, index: int) -> None:
            super().__init__()
            self.turn = turn
            self.index = index

    def __init__(self, turn: Turn, words: Words, looks: Prose) -> None:
        super().__init__()
        self.turn = turn
        self._words = words
        self._looks_from = looks
        self._document = Document()
        self._shown_stage = turn.stage
        self.add_class(_STAGE_CLASSES[turn.stage])  # now, while it costs no styling of its own

    def on_mount(self) -> None:
        self.relabel()

    @classmethod
    def _get_component_classes(cls) -> frozenset[str]:  # type: ignore[override]  # that one is cached
        return frozenset()  # it has the looks of another: see `looks`

    def get_component_rich_style(self, *names: str, partial: bool = False, default: Style | None = None) -> Style:
        return self._looks_from.get_component_rich_style(*names, partial=partial, default=default)

    def relabel(self) -> None:
        """Draws again: the turn has changed, or the language."""
        stage, self._shown_stage = self._shown_stage, self.turn.stage
        self.show([Paragraph(self.turn.question, "question"), *self._within(), *self._outcome()])
        if stage is not self.turn.stage:
            self.set_class(False, _STAGE_CLASSES[stage])
            self.set_class(True, _STAGE_CLASSES[self.turn.stage])
            self.refresh(layout=True)

    def height_of(self, column: Column) -> int:
        """While an answer grows it takes up lines in advance: each layout is one of the whole screen."""
        reserve = RESERVE if self._shown_stage is Stage.STREAMING else 1
        return -(-len(column) // reserve) * reserve

    def on_prose_picked(self, event: Prose.Picked) -> None:
        event.stop()
        self.post_message(self.Chosen(self.turn, event.target))

    def _outcome(self) -> list[Paragraph]:
        turn, words = self.turn, self._words
        match turn.stage:
            case Stage.WAITING:
                return [Paragraph(words("turn.waiting"), "note")]
            case Stage.ASKING:
                return [Paragraph(words("turn.asking"), "note")]
            case Stage.STREAMING:
                found = Paragraph(words("turn.found", count=len(turn.found)), "note")
                return [found, *self._partial()]
            case Stage.ANSWERED:
                answer = [*self._understood(), *self._answer(), *self._phrased(), *self._warnings()]
                return [*answer, *self._places("turn.sources")]
            case Stage.UNANSWERED:
                return [Paragraph(words("turn.unanswered"), "note")]
            case Stage.STOPPED:
                stopped = Paragraph(f"■ {words('turn.stopped')}", "warning", gap=1)
                return [*self._partial(), stopped, Paragraph(words("turn.kept"), "hint")]
            case Stage.REFUSED:
                nearest = self._places("turn.nearest") or [Paragraph(words("turn.nothing_near"), "note", gap=1)]
                refused = Paragraph(f"∅ {words('turn.refused')}", "refusal", rest=2, gap=1)
                return [*self._understood(), refused, *self._answer(), *self._warnings(), *nearest]
            case Stage.FAILED:
                assert turn.error is not None  # noqa: S101  # a failed turn has its error
                message, hint = describe(turn.error, words)
                return [
                    *self._partial(),
                    Paragraph(f"✗ {words('turn.broken' if turn.partial else 'turn.failed')}", "error", gap=1),
                    Paragraph(message, "answer"),
                    Paragraph(words("error.hint", hint=hint), "hint", rest=2),
                    Paragraph(words("turn.kept"), "hint"),
                ]

    def _understood(self) -> list[Paragraph]:
        """What was looked up, where the history has added something to the question."""
        reply = self.turn.reply
        if reply is None or reply.standalone_question.strip() in {"", self.turn.question.strip()}:
            return []
        return [Paragraph(self._words("turn.understood", question=reply.standalone_question), "note")]

    def _within(self) -> list[Paragraph]:
        """The part of the corpus that was asked, where it was not all of it."""
        selection = self.turn.selection
        return [] if selection is None else [Paragraph(self._words("turn.within", label=selection.label), "note")]

    def _answer(self) -> list[Paragraph]:
        reply = self.turn.reply
        if reply is None:
            return []
        # What is quoted from a page is set as it stands there: its asterisks are asterisks.
        is_markdown = reply.answerer == "llm"
        lines = self._document.paragraphs(reply.answer) if is_markdown else _plain(reply.answer)
        return self._marked(lines, gap=int(self.turn.stage is Stage.ANSWERED))

    def _partial(self) -> list[Paragraph]:
        """What has come of the answer. Who writes it is told at the end only, so it is taken for Markdown."""
        growing = self.turn.stage is Stage.STREAMING
        return self._marked(self._document.paragraphs(self.turn.partial, growing=growing), gap=1)

    def _phrased(self) -> list[Paragraph]:
        """Whose words they are, where they are not the paper's."""
        is_phrased = self.turn.reply is not None and self.turn.reply.answerer == "llm"
        return [Paragraph(self._words("turn.phrased"), "note")] if is_phrased else []

    def _marked(self, paragraphs: list[Paragraph], gap: int) -> list[Paragraph]:
        """An answer with its marks to follow, set apart from what is above it."""
        marked = [replace(one, touches=(*one.touches, *self._marks(one.text))) for one in paragraphs]
        return [replace(marked[0], gap=gap), *marked[1:]] if marked else []

    def _marks(self, line: str) -> tuple[Touch, ...]:
        """The marks of a line that have a citation; other brackets are text."""
        if self.turn.stage is Stage.REFUSED:  # its numbers are those of what came nearest
            return ()
        touches: list[Touch] = []
        for match in _MARK.finditer(line):
            index = self.turn.index_of(int(match[1]))
            if index is not None:
                role = "current-mark" if index == self.turn.current else "mark"
                touches.append(Touch(match.start(), match.end(), role, target=index))
        return tuple(touches)

    def _warnings(self) -> list[Paragraph]:
        warnings = self.turn.reply.warnings if self.turn.reply is not None else ()
        return [Paragraph(f"⚠ {self._words('turn.warning', text=text)}", "warning", rest=2) for text in warnings]

    def _places(self, heading: str) -> list[Paragraph]:
        """The places to read, a line each."""
        if not self.turn.references:
            return []
        lines = [self._place(index, reference) for index, reference in enumerate(self.turn.references)]
        return [Paragraph(self._words(heading), "note", gap=1), *lines]

    def _place(self, index: int, reference: Reference) -> Paragraph:
        current = index == self.turn.current
        mark = f"[{reference.number}]"
        line = f"{mark} {reference_line(reference, self._words)}"
        touches = [Touch(0, len(mark), "current-mark" if current else "mark")]
        fate = self.turn.fates.get(index)
        if fate is not None:
            start, line = len(line), f"{line} · {self._words(_FATES[fate])}"
            touches.append(Touch(start, len(line), "notice"))
        return Paragraph(
            line,
            "current-item" if current else "list",
            rest=len(mark) + 1,
            touches=tuple(touches),
            target=index,
        )


def _plain(answer: str) -> list[Paragraph]:
    """An answer that is no Markdown, line by line."""
    lines = filter(None, map(str.strip, answer.splitlines()))
    return [Paragraph(line, "answer", rest=cells(line) - cells(line.removeprefix("- "))) for line in lines]


def reference_line(reference: Reference, words: Words) -> str:
    """An article in a line: headline, place, date, and how many others print the same."""
    title = " ".join(reference.title.split()) or words("article.untitled")
    others = words("article.others", count=reference.others) if reference.others else ""
    return " · ".join(part for part in (title, "".join(reference.place[-2:]), reference.date or "", others) if part)


def describe(error: ClientError, words: Words) -> tuple[str, str]:
    """A failed call in words: what and where, then what to do next."""
    message = words(f"error.{error.kind}", where=error.where, detail=error.detail)
    if error.detail and error.kind != "problem":
        message += words("error.detail", detail=error.detail)
    return message, error.hint or words(f"hint.{error.kind}")
