"""A conversation as the terminal keeps it: questions, what became of them, and the places that they point to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from tui.quotes import Span

if TYPE_CHECKING:  # the wire models bring pydantic along, which the first frame does not wait for
    from server.schemas import ArticleOut, AskResponse, CitationOut, HitOut
    from tui.client import ClientError

HISTORY_MESSAGES = 20
"""Earlier messages that go with a question; older ones add nothing to a follow-up."""


class Stage(Enum):
    """What has become of a question."""

    WAITING = auto()
    """The server cannot be asked yet."""
    ASKING = auto()
    ANSWERED = auto()
    REFUSED = auto()
    """Nothing in the corpus supports an answer."""
    FAILED = auto()
    """The call failed; nothing is known about the corpus."""


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
    reply: AskResponse | None = None
    error: ClientError | None = None
    current: int | None = None
    """Index in `references` of the one that is shown; None where none is."""
    references: tuple[Reference, ...] = ()
    """The citations of an answer, by number; the nearest hits of a refusal."""

    def settle(self, reply: AskResponse) -> None:
        """Takes the reply in."""
        self.reply = reply
        if reply.answered:
            self.stage = Stage.ANSWERED
            known = {hit.article_id: hit for hit in reply.hits}
            by_number = sorted(reply.citations, key=lambda citation: citation.n)
            self.references = tuple(
                Reference.from_citation(citation, known.get(citation.article_id)) for citation in by_number
            )
        else:
            self.stage = Stage.REFUSED
            nearest = {hit.article_id: hit for hit in reversed(reply.hits)}  # the best passage of each article
            hits = sorted(nearest.values(), key=lambda hit: hit.rank)
            self.references = tuple(
                replace(Reference.from_hit(hit), number=number) for number, hit in enumerate(hits, start=1)
            )

    def fail(self, error: ClientError) -> None:
        """Takes in that the call failed."""
        self.stage = Stage.FAILED
        self.error = error

    def index_of(self, number: int) -> int | None:
        """Index of the reference with that number; None where there is none."""
        return next((index for index, ref in enumerate(self.references) if ref.number == number), None)


@dataclass(slots=True)
class Conversation:
    """The turns since the last new start, oldest first."""

    turns: list[Turn] = field(default_factory=list)

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
