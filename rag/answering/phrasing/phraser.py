"""A question and passages → an answer in a language model's words, of which every sentence has passed the gate.

A sentence that fails is repaired once: its mark is moved to the passage that does support it, else the model is asked
again with the reasons. What still fails is replaced by the quotation that it comes nearest to, or left out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

from pydantic import SecretStr

from rag.answering.finding.evidence import Query, content_words
from rag.answering.phrasing.client import ChatClient, Completion, ContextTooLong, Message, ModelFailed
from rag.answering.phrasing.english import is_english
from rag.answering.phrasing.gate import COVERAGE, Gate
from rag.answering.phrasing.passages import Passage
from rag.answering.phrasing.prompt import ask_messages, make_passages, repair_messages
from rag.answering.phrasing.replies import Statement, read_reply
from rag.answering.phrasing.verdict import Flaw, FlawKind, Verdict
from rag.answering.reading.expectation import find_expected
from rag.answering.reading.question import Expected
from rag.answering.wording.composing import Draft, Mark, Quote
from rag.cancellation import Cancellation
from rag.embedding.base import Embedder
from rag.index.text.terms import simplify
from rag.types import Article

EXTRACTIVE = "The answer is made of quotations instead."
ON_TOPIC = 0.2
"""Share of the question's words, by weight, that an answer or its quotations must hold."""
_MEASURED = (Expected.NUMBER, Expected.MONEY, Expected.DURATION, Expected.TIME, Expected.PHONE)
_MOST_STATEMENTS = 40
_NUMBERED = re.compile(r"^\s*(\d{1,2})\s*[.、)．:：]\s*(.*)$")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Phrased:
    """What came of asking the model."""

    draft: Draft | None
    """None where the extractive answer has to serve."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Checked:
    """A sentence of the reply with what the gate says of it."""

    statement: Statement
    verdict: Verdict

    @property
    def parts(self) -> tuple[str | Quote | Mark, ...]:
        return (self.statement.text, *(Mark(quote) for quote in self.verdict.quotes))


class Phraser:
    """Has answers phrased. Safe to share between threads.

    Args:
        client: asks the model.
        gate: decides what of its reply is shown.
    """

    def __init__(self, client: ChatClient, gate: Gate) -> None:
        self._client = client
        self._gate = gate

    def phrase(
        self, query: Query, ranges: Iterable[tuple[Article, int, int]], cancellation: Cancellation | None = None
    ) -> Phrased:
        """Asks the model, checks what it says, and drafts the answer from what holds.

        Args:
            query: the standalone question; the evidence for it was accepted already.
            ranges: what to show to the model, the most important first.
            cancellation: lets another thread call the work off.

        Raises:
            Cancelled: the work was called off.
        """
        english = query.question.english
        ranges = list(ranges)
        try:
            passages, asked, completion = self._ask(query, ranges, cancellation)
        except ModelFailed as failure:
            _log.warning("%s %s", failure.message, failure.hint)
            return Phrased(None, (f"{failure.message} {failure.hint} {EXTRACTIVE}",))
        statements = read_reply(completion.text, cut=completion.cut)[:_MOST_STATEMENTS]
        if statements and all(statement.declines for statement in statements):
            return Phrased(None, (f"The language model found no answer in the passages. {EXTRACTIVE}",))
        checked = [
            _Checked(statement, self._check(statement, passages, english=english))
            for statement in statements
            if not statement.declines
        ]
        if any(not one.verdict.passed for one in checked):
            checked = self._repaired(asked, completion.text, checked, passages, cancellation, english=english)
        return self._drafted(query, checked)

    def _ask(
        self, query: Query, ranges: Sequence[tuple[Article, int, int]], cancellation: Cancellation | None
    ) -> tuple[list[Passage], list[Message], Completion]:
        """Asks; once more with half the passages where they are too long."""
        passages = make_passages(ranges)
        if not passages:
            raise ModelFailed("No passage could be shown to the language model.")
        english = query.question.english
        asked = ask_messages(query.question.text, passages, english=english)
        try:
            return passages, asked, self._client.complete(asked, cancellation)
        except ContextTooLong:
            if len(passages) == 1:
                raise
        passages = passages[: len(passages) // 2]
        asked = ask_messages(query.question.text, passages, english=english)
        return passages, asked, self._client.complete(asked, cancellation)

    def _check(self, statement: Statement, passages: Sequence[Passage], *, english: bool) -> Verdict:
        """What the gate says of a sentence under its own marks, else under those of the passages that support it."""
        if not english and is_english(statement.text) and len(statement.text.split()) > 2:
            return Verdict((Flaw(FlawKind.LANGUAGE, statement.text),), (), 0.0, 0.0)
        cited = [passage for passage in passages if passage.number in statement.marks]
        together = (
            [one, other]
            for one, other in combinations(passages, 2)
            if one.article.article_id == other.article.article_id or {one.number, other.number} & set(statement.marks)
        )
        return self._gate.choose(statement.text, chain([cited], ([passage] for passage in passages), together))

    def _repaired(
        self,
        asked: Sequence[Message],
        reply: str,
        checked: Sequence[_Checked],
        passages: Sequence[Passage],
        cancellation: Cancellation | None,
        *,
        english: bool,
    ) -> list[_Checked]:
        """The sentences with those that failed asked for once more; what fails again stays as it is."""
        failed = [number for number, one in enumerate(checked) if not one.verdict.passed]
        request = [(checked[number].statement.text, checked[number].verdict.flaws) for number in failed]
        try:
            completion = self._client.complete(repair_messages(asked, reply, request, english=english), cancellation)
        except ModelFailed as failure:
            _log.warning("not repaired: %s", failure.message)
            return list(checked)
        repaired = list(checked)
        for line in completion.text.splitlines():
            match = _NUMBERED.match(line)
            if match is None or not 1 <= int(match[1]) <= len(failed):
                continue
            number = failed[int(match[1]) - 1]
            statements = read_reply(match[2], cut=completion.cut)
            if len(statements) != 1 or statements[0].declines:
                continue
            statement = replace(statements[0], opens_line=checked[number].statement.opens_line)
            verdict = self._check(statement, passages, english=english)
            if verdict.passed:
                repaired[number] = _Checked(statement, verdict)
        return repaired

    def _drafted(self, query: Query, checked: Sequence[_Checked]) -> Phrased:
        """The answer from what passed, quotations in place of what did not, and what there is to say about it."""
        parts: list[str | Quote | Mark] = []
        quoted = [quote for one in checked if one.verdict.passed for quote in one.verdict.quotes]
        said, replaced, dropped = 0, 0, 0
        for one in checked:
            if one.verdict.passed:
                added: tuple[str | Quote | Mark, ...] = one.parts
                said += 1
            elif (quote := _nearest(one.verdict)) and not any(_same_place(quote, other) for other in quoted):
                added = (quote,)
                quoted.append(quote)
                replaced += 1
            else:
                dropped += 1
                continue
            parts += ["\n", *added] if parts and one.statement.opens_line else added
        warnings = _told(replaced, dropped)
        if not said:
            return Phrased(None, (f"Nothing that the language model said is supported by the pages. {EXTRACTIVE}",))
        if not self._answers(query, parts):
            return Phrased(None, (f"What the language model said does not answer the question. {EXTRACTIVE}",))
        return Phrased(Draft(tuple(parts)), warnings)

    def _answers(self, query: Query, parts: Sequence[str | Quote | Mark]) -> bool:
        """Whether a draft is about the question and holds the kind of thing that it asks for."""
        question = query.question
        said = "".join(part if isinstance(part, str) else part.text for part in parts if not isinstance(part, Mark))
        if question.english:
            return True
        if question.expected in _MEASURED and not find_expected(question, simplify(said)):
            return False
        articles = {part.quote.article.title for part in parts if isinstance(part, Mark)}
        evidence = "\n".join([said, *articles, *(part.quote.text for part in parts if isinstance(part, Mark))])
        held = set(content_words(evidence)) & query.weights.keys()
        return sum(query.weights[word] for word in held) >= ON_TOPIC * sum(query.weights.values())


def open_phraser(base_url: str, model: str | None, api_key: SecretStr | None, embedder: Embedder) -> Phraser:
    """A phraser for the model behind a server. Nothing is asked of the server yet."""
    return Phraser(ChatClient(base_url, model, api_key), Gate(embedder))


def _nearest(verdict: Verdict) -> Quote | None:
    """The quotation that a failed sentence comes nearest to; None where it is far from all."""
    return verdict.quotes[0] if verdict.quotes and verdict.coverage >= COVERAGE else None


def _same_place(one: Quote, other: Quote) -> bool:
    return one.article.article_id == other.article.article_id and one.start < other.end and other.start < one.end


def _told(replaced: int, dropped: int) -> tuple[str, ...]:
    """What happened to sentences that failed, in words."""
    told = []
    if replaced:
        told.append(
            f"Sentences of the language model that the pages did not bear out: {replaced} replaced by quotations."
        )
    if dropped:
        told.append(f"Sentences of the language model without support in the pages: {dropped} left out.")
    return tuple(told)
