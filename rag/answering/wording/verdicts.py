"""Yes or no, and which of two is more: the verdict first, then the figures that decide, each cited.

A verdict is given only where the text decides it by a rule that can be stated: two numbers of one kind compared, a
limit that a number in the question keeps or breaks, a half that is one, a negation. Otherwise the evidence speaks for
itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from rag.answering.finding.clauses import best_window, split_clauses
from rag.answering.finding.evidence import Evidence, Query, content_words
from rag.answering.finding.passages import SHORT, trimmed, window_gain
from rag.answering.reading.quantities import Quantity, counted_quantities, find_quantities
from rag.answering.reading.question import Question
from rag.answering.wording.composing import Draft, Quote
from rag.index.text.terms import PAIR_MARK

_RELATED = 0.4
"""Share of a side's words that its best sentence and context must hold."""
_READ = 8
"""Sentences of a side that are read for its figure."""
_SMALLER = re.compile(r"更?(?:少|小|低|早|短|便宜|近|轻)(?:一?些|一点)?(?:呢)?[?？]*$")
_ADJECTIVE = re.compile(r"更?(多|少|大|小|高|低|早|晚|长|短|快|慢|贵|便宜|远|近|强)(?:一?些|一点)?(?:呢)?[?？]*$")
_WHO = re.compile(r"(?:谁|哪一?个(?:市|县|区|地方|更)?|哪一?(?:家|方|边|地|县|市|区)|哪里)(?:家)?(?:的)?")
_AND = re.compile(r"和|与|跟|同|还是|、|比")
_FREE = re.compile(r"无需|无须|不需要?|不必|不用|不收|免费|免去|免于|零(?:门槛|抵押|费用)|无(?=抵押|担保|门槛|费用)")
_NEEDS = re.compile(r"(?:需要|要不要|是否需要|要|得|用)[^吗么?？]{1,10}(?:吗|么)?[?？]*$|收费|交钱|付费|花钱|自费")
_NOT = re.compile(r"没有|尚未|未(?!来)|不(?!仅|断|少|同|久|但|只|管|足|论|过|限)|禁止|不得|并非|取消|停止")
_LIMIT = re.compile(
    r"(?P<below>以下|以内|不超过|不高于|不满|未满|低于|少于)|(?P<above>以上|不低于|不少于|至少|超过|高于|满|达到?)"
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The two sides of a question and what is compared."""

    left: str
    right: str
    attribute: str
    smaller_wins: bool
    adjective: str


def read_comparison(question: Question) -> Comparison | None:
    """The sides of "A和B，谁的X多"; None where they cannot be told apart."""
    text = question.text.rstrip("?？。 ")
    who, adjective = None, _ADJECTIVE.search(text)
    for match in _WHO.finditer(text):
        who = match
    if who is None or adjective is None:
        return None
    head, tail = text[: who.start()].rstrip(" ,，"), text[who.end() : adjective.start()]
    sides, _, shared = head.rpartition(",") if re.search(r"[,，]", head) else (head, "", "")
    if not _AND.search(sides):
        sides, shared = head, ""
    parts = _AND.split(sides, maxsplit=1)
    if len(parts) != 2 or not all(part.strip() for part in parts):
        return None
    if not f"{shared}{tail}".strip() and parts[0].strip()[-1:] != parts[1].strip()[-1:]:
        return None  # two sides that count different things compare nothing
    return Comparison(
        parts[0].strip(" ,，"),
        parts[1].strip(" ,，"),
        f"{shared}{tail}".strip(),
        bool(_SMALLER.search(text)),
        adjective.group(1),
    )


def side_question(comparison: Comparison, side: str) -> str:
    """What has to be found for one side."""
    attribute = f"的{comparison.attribute}" if comparison.attribute and comparison.attribute not in side else ""
    return f"{side}{attribute}是多少?"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison with the figure that counts."""

    name: str
    evidence: Evidence
    quantity: Quantity


def read_sides(name: str, evidences: Sequence[Evidence], attribute: str) -> list[tuple[int, Side]]:
    """The figures of one side in its article, each with how many of the attribute's words stand beside it.

    Args:
        evidences: best first; only those of the best one's article are read.
    """
    words = [word for word in content_words(attribute or name) if not word.startswith(PAIR_MARK)]
    best = evidences[0]
    if best.coverage + best.context < _RELATED:
        return []
    article_id = best.sentence.article.article_id
    return [
        (beside, Side(name, evidence, quantity))
        for evidence in evidences[:_READ]
        if evidence.sentence.article.article_id == article_id
        for beside, quantity in counted_quantities(evidence.sentence.text, words)
        if beside
    ]


def best_pair(left: Sequence[tuple[int, Side]], right: Sequence[tuple[int, Side]]) -> tuple[Side, Side] | None:
    """The figures of either side that count the same thing: most words beside both, the best evidence of equals."""
    pairs = [
        (beside_left + beside_right, -order, one, other)
        for order, ((beside_left, one), (beside_right, other)) in enumerate(product(left, right))
        if _alike(one.quantity.unit, other.quantity.unit)
    ]
    if not pairs:
        return None
    _, _, one, other = max(pairs, key=lambda pair: pair[:2])
    return one, other


def comparison_draft(comparison: Comparison, left: Side, right: Side) -> Draft:
    """Verdict, then both figures."""
    quotes = {side.name: _quote_around(side.evidence, side.quantity) for side in (left, right)}
    if left.quantity.value == right.quantity.value:
        return Draft(("一样。", quotes[left.name], "；", quotes[right.name]))
    larger, smaller = (left, right) if left.quantity.value > right.quantity.value else (right, left)
    winner, loser = (smaller, larger) if comparison.smaller_wins else (larger, smaller)
    return Draft((f"{_bare(winner.name)}更{comparison.adjective}。", quotes[winner.name], "；", quotes[loser.name]))


def _alike(one: str, other: str) -> bool:
    people, things = {"名", "人", "位", "人次"}, {"个", "项", "家", "所", "场", "种", "类"}
    return one == other or any({one, other} <= family for family in (people, things))


def _bare(name: str) -> str:
    """A side without the clause that describes it: 阿拉善盟工会给每家的补助 → 阿拉善盟工会."""
    return re.split(r"(?<=..)(?:给|的(?=[^的]{2,}$))", name)[0]


def _quote_around(evidence: Evidence, quantity: Quantity) -> Quote:
    sentence = evidence.sentence
    text = sentence.text
    start, end = next(
        ((s, e) for s, e in split_clauses(text) if s <= quantity.start < e), (quantity.start, quantity.end)
    )
    if end - start < 12 and start:
        start = max(s for s, _ in split_clauses(text) if s < start)
    return trimmed(Quote(sentence.article, sentence.start + start, sentence.start + end))


def yes_no_draft(query: Query, evidence: Evidence) -> Draft | None:
    """Verdict, then the sentence that decides; None where no rule decides."""
    sentence = evidence.sentence
    start, end = best_window(sentence.text, SHORT, lambda text: window_gain(query, query.question, text))
    quote = trimmed(Quote(sentence.article, sentence.start + start, sentence.start + end))
    word = _half(query.question.text, sentence.text) or _limit(query.question.text, sentence.text)
    word = word or _requirement(query, sentence.text) or _negation(query, evidence)
    return Draft((word, quote)) if word else None


def _requirement(query: Query, text: str) -> str:
    """Whether something is needed or paid for."""
    asked = query.question.text
    if not _NEEDS.search(asked):
        return ""
    return "不需要，不用。" if _FREE.search(text) else ""


def _half(asked: str, text: str) -> str:
    """Whether one of two figures of a sentence is half of the other."""
    if "一半" not in asked and "半数" not in asked:
        return ""
    named = [quantity.value for quantity in find_quantities(asked) if quantity.value > 1]
    figures = [quantity for quantity in find_quantities(text) if quantity.value > 1]
    pairs = [
        (part.value, whole.value)
        for whole in figures
        for part in figures
        if part.value < whole.value and _alike(part.unit, whole.unit) and (not named or whole.value in named)
    ]
    if not pairs:
        return ""
    part, whole = pairs[0]
    more = re.search(r"超过|不止|以上|多于|过半", asked)
    if more:
        return "是，超过一半。" if part * 2 > whole else "不是，没有超过一半。"
    return "是，正好一半。" if part * 2 == whole else "不是，不到一半。" if part * 2 < whole else "不是，超过一半。"


def _limit(asked: str, text: str) -> str:
    """Whether a number in the question keeps a limit that the sentence sets in the same unit."""
    for given in find_quantities(asked):
        for limit in find_quantities(text):
            unit = limit.unit.removeprefix("周")
            if not unit or unit != given.unit.removeprefix("周") or text[limit.start : limit.end] in asked:
                continue
            near = _LIMIT.search(text[max(0, limit.start - 4) : limit.start] + text[limit.end : limit.end + 3])
            if near is None:
                continue
            kept = given.value <= limit.value if near["below"] else given.value >= limit.value
            return "是，符合。" if kept else "不符合，否。"
    return ""


def _negation(query: Query, evidence: Evidence) -> str:
    """是 or 不是 by whether the clause that matches is negated where the question is not."""
    if evidence.coverage < 0.5:
        return ""
    text = evidence.sentence.text
    start, end = best_window(text, 40, lambda piece: window_gain(query, query.question, piece))
    negated = bool(_NOT.search(text[start:end])) != bool(re.search(r"不(?!是)|没(?!有)|未", query.question.text))
    return "不是。" if negated else "是。"
