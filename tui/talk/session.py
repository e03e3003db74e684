"""A conversation as the terminal keeps it: questions, what became of them, and the places that they point to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from time import time
from typing import TYPE_CHECKING

from tui.text.quotes import Span

if TYPE_CHECKING:  # the wire models bring pydantic along, which the first frame does not wait for
    from server.schemas import ArticleOut, AskResponse, CitationOut, FiltersIn, HitOut
    from tui.remote.client import ClientError

HISTORY_MESSAGES = 20
"""Earlier messages that go with a question; older ones add nothing to a follow-up."""


class Stage(Enum):
    """What has become of a question."""

    WAITING = auto()
    """The server cannot be asked yet."""
    ASKING = auto()
    STREAMING = auto()
    """Passages have been found, and the answer is coming."""
    ANSWERED = auto()
    REFUSED = auto()
    """Nothing in the corpus supports an answer."""
    FAILED = auto()
    """The call failed; nothing is known about the corpus."""
    STOPPED = auto()
    """The reader called it off."""
    UNANSWERED = auto()
    """Kept from an earlier session that ended before an answer came."""

    @property
    def settled(self) -> bool:
        """Whether nothing more will become of the question."""
        return self not in {Stage.WAITING, Stage.ASKING, Stage.STREAMING}


class Fate(Enum):
    """What has become of a cited article since the answer."""

    MOVED = auto()
    """It has changed, and the quote stands elsewhere in it."""
    LOST = auto()
    """It has changed, and holds the quote no more."""
    GONE = auto()
    """The index has no such article any more."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of the corpus that questions are put to."""

    filters: FiltersIn
    label: str
    """What it is, in words to show: a folder, a place, a span of time."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in an article that can be read: a citation, a hit, or an article as a whole."""

    number: int
    """The mark of a citation, the place of an article among the nearest."""
    article_id: str
    title: str
    place: tuple[str, ...]
    date: str | None
    source: str
    spans: tuple[Span, ...] = ()
    """Source offsets; empty for a whole article."""
    quote: str = ""
    others: int = 0
    """Articles that print the same report."""

    @classmethod
    def from_citation(cls, citation: CitationOut, hit: HitOut | None = None) -> Reference:
        """A citation; a hit of the same article knows the place and who else prints it."""
        return cls(
            number=citation.n,
            article_id=citation.article_id,
            title=citation.title,
            place=hit.place if hit else (),
            date=citation.date,
            source=citation.source,
            spans=citation.spans,
            quote=citation.quote,
            others=len(hit.others) if hit else 0,
        )

    @classmethod
    def from_hit(cls, hit: HitOut) -> Reference:
        return cls(
            number=hit.rank,
            article_id=hit.article_id,
            title=hit.title,
            place=hit.place,
            date=hit.date,
            source=hit.source,
            spans=hit.spans,
            quote=hit.text,
            others=len(hit.others),
        )

    @classmethod
    def from_article(cls, article: ArticleOut) -> Reference:
        return cls(
            number=0,
            article_id=article.article_id,
            title=article.title,
            place=article.place,
            date=article.date,
            source=article.source,
        )


@dataclass(slots=True, eq=False)
class Turn:
    """One question and what became of it. The same question asked again is another turn."""

    question: str
    stage: Stage = Stage.WAITING
    selection: Selection | None = None
    """The part of the corpus that it was put to; None: all of it."""
    reply: AskResponse | None = None
    error: ClientError | None = None
    partial: str = ""
    """What has come of the answer while it streams, and what had come when it broke off."""
    found: tuple[HitOut, ...] = ()
    """What was found, before the reply is there; the reply has its own."""
    current: int | None = None
    """Index in `references` of the one that is shown; None where none is."""
    references: tuple[Reference, ...] = ()
    """The citations of an answer, by number, as far as they have come; the nearest hits of a refusal."""
    record: int | None = None
    """Id under which it is kept, set by the keeper; None: not yet, or not at all."""
    fates: dict[int, Fate] = field(default_factory=dict)
    """By index in `references`: what has become of the articles since; those that are as they were are left out."""
    asked: float = field(default_factory=time)
    """Seconds since 1970 (UTC)."""

    def find(self, hits: Iterable[HitOut]) -> None:
        """Takes in what was found; the answer follows."""
        self.stage = Stage.STREAMING
        self.found = tuple(hits)

    def grow(self, text: str) -> None:
        """Takes in the next piece of the answer."""
        self.stage = Stage.STREAMING
        self.partial += text

    def cite(self, citation: CitationOut) -> None:
        """Takes in a citation, whose mark can be followed from now on."""
        hit = next((hit for hit in self.found if hit.article_id == citation.article_id), None)
        others = [reference for reference in self.references if reference.number != citation.n]
        self._refer(sorted([*others, Reference.from_citation(citation, hit)], key=lambda one: one.number))

    def settle(self, reply: AskResponse) -> None:
        """Takes the reply in."""
        self.reply = reply
        self.partial, self.found = "", ()
        if reply.answered:
            self.stage = Stage.ANSWERED
            known = {hit.article_id: hit for hit in reply.hits}
            by_number = sorted(reply.citations, key=lambda citation: citation.n)
            self._refer([Reference.from_citation(citation, known.get(citation.article_id)) for citation in by_number])
        else:
            self.stage = Stage.REFUSED
            self.current = None
            nearest = {hit.article_id: hit for hit in reversed(reply.hits)}  # the best passage of each article
            hits = sorted(nearest.values(), key=lambda hit: hit.rank)
            self.references = tuple(
                replace(Reference.from_hit(hit), number=number) for number, hit in enumerate(hits, start=1)
            )

    def fail(self, error: ClientError) -> None:
        """Takes in that the call failed; what had come of the answer stays."""
        self.stage = Stage.FAILED
        self.error = error

    def stop(self) -> None:
        """Takes in that the reader called it off; what had come of the answer stays."""
        self.stage = Stage.STOPPED

    def _refer(self, references: Sequence[Reference]) -> None:
        """Points to other places; the current one stays the same by its number."""
        number = self.references[self.current].number if self.current is not None else None
        self.references = tuple(references)
        self.current = self.index_of(number) if number is not None else None

    def index_of(self, number: int) -> int | None:
        """Index of the reference with that number; None where there is none."""
        return next((index for index, ref in enumerate(self.references) if ref.number == number), None)


@dataclass(slots=True)
class Conversation:
    """The turns since the last new start, oldest first."""

    turns: list[Turn] = field(default_factory=list)
    record: int | None = None
    """Id under which it is kept, set by the keeper; None: not yet, or not at all."""

    def messages_before(self, turn: Turn) -> list[tuple[str, str]]:
        """`(role, content)` of the settled turns before `turn`, oldest first, at most `HISTORY_MESSAGES`."""
        messages: list[tuple[str, str]] = []
        for earlier in self.turns:
            if earlier is turn:
                break
            if earlier.reply is not None:
                messages += [("user", earlier.question), ("assistant", earlier.reply.answer)]
        return messages[-HISTORY_MESSAGES:]


@dataclass(slots=True)
class Walk:
    """Where the reader is: the turn whose references the keys walk, and the digits of the number being typed."""

    turn: Turn | None = None
    _typed: int = 0

    def enter(self, turn: Turn) -> Turn | None:
        """Walks through another turn from now on.

        Returns:
            The turn that was left with a reference shown, which is not shown any more; None where there is none.
        """
        before, self.turn = self.turn, turn
        if before is None or before is turn or before.current is None:
            return None
        before.current = None
        return before

    def step(self, step: int) -> int | None:
        """Index of the next (1) or previous (-1) reference, around at the ends; None where the turn has none."""
        self._typed = 0
        if self.turn is None or not self.turn.references:
            return None
        at = self.turn.current if self.turn.current is not None else (-1 if step > 0 else 0)
        return (at + step) % len(self.turn.references)

    def digit(self, digit: int) -> int | None:
        """Index of the reference with that number, or, after another digit, with the number that the two make."""
        typed, self._typed = self._typed, 0
        for number in (typed * 10 + digit, digit):
            index = self.turn.index_of(number) if self.turn is not None else None
            if index is not None:
                self._typed = number
                return index
        return None
