"""A number that a yes-or-no question states, held against the number that the article gives for the same thing.

"超过2000名吗", "有1500个人参加吗": the question bounds or states a quantity, and the quantity of the same kind that
stands beside the question's words decides. 余 or 多 behind a printed number makes it a little more, 近 before it a
little less.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from rag.answering.finding.evidence import Evidence, Query
from rag.answering.reading.quantities import Quantity, find_quantities, quantities_with_words
from rag.index.text.terms import PAIR_MARK
from rag.types import BlockRole

_READ = 8
"""Sentences of the best article that are read for its number."""
_HEADINGS = frozenset((BlockRole.TITLE, BlockRole.KICKER, BlockRole.SUBHEAD, BlockRole.BANNER))
_ANSWERS = 0.3
"""Share of the question's words from which a sentence's number decides though none of them stands right beside it."""
_PEOPLE = frozenset(("名", "人", "位", "人次"))
_THINGS = frozenset("个项家所场种类")
_DATES = frozenset("年月日")
_YEARS = 1000
"""From here a number of 年 is a date, below it a length of time."""
_ABOUT = 0.1
"""How far apart, as a share, two numbers may be that are called about the same."""
_ROUGHLY = re.compile(r"大?约|左右|大概|差不多|将近")


class Bound(Enum):
    """What a question says of its number."""

    ABOVE = "above"
    AT_LEAST = "at least"
    BELOW = "below"
    AT_MOST = "at most"
    STATED = "stated"


_BOUNDS: tuple[tuple[Bound, str, str], ...] = (
    (Bound.AT_MOST, r"不超过|不高于|不多于|至多|最多$", r"以内|以下"),
    (Bound.AT_LEAST, r"不少于|不低于|至少|达到?了?$|满$|不下", r"(?<!没)以上"),
    (Bound.ABOVE, r"超过?了?$|多于|大于|高于|不止|突破了?|逾$", r""),
    (Bound.BELOW, r"不到|不足|少于|低于|小于|不满|没到", r""),
)
_DENIED = re.compile(r"(?:没有?|未|不)能?(?:达|突破)|(?:没有?|未|不能)(?:超|满)")


@dataclass(frozen=True, slots=True)
class Claim:
    """The number that a question states."""

    quantity: Quantity
    bound: Bound
    roughly: bool
    printed: str
    """The number with its unit, as the question has it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The number that decides, where it stands, and the verdict in words."""

    words: str
    evidence: Evidence
    quantity: Quantity


def read_claim(asked: str) -> Claim | None:
    """The number that a question bounds, else the last that it states with a unit: a day or year where no other is."""
    quantities = [_of_people(asked, one) for one in find_quantities(asked) if one.unit]
    if not quantities or _DENIED.search(asked):
        return None
    bounded = [(one, bound) for one in quantities if (bound := _bound(asked, one)) is not Bound.STATED]
    counted = [(one, Bound.STATED) for one in quantities if one.unit not in _DATES]
    quantity, bound = (bounded or counted or [(quantities[-1], Bound.STATED)])[-1]
    around = asked[max(0, quantity.start - 3) : quantity.end + 3]
    return Claim(quantity, bound, bool(_ROUGHLY.search(around)), asked[quantity.start : quantity.end])


def _of_people(asked: str, quantity: Quantity) -> Quantity:
    """1500个人 counts people."""
    if quantity.unit == "个" and asked.startswith("人", quantity.end):
        return Quantity(quantity.value, "人", quantity.start, quantity.end + 1)
    return quantity


def _bound(asked: str, quantity: Quantity) -> Bound:
    before, behind = asked[max(0, quantity.start - 4) : quantity.start].rstrip("约"), asked[quantity.end :][:2]
    for bound, ahead, after in _BOUNDS:
        if re.search(rf"(?:{ahead})(?:了)?$", before) or (after and re.match(after, behind)):
            return bound
    return Bound.STATED


def decide_claim(claim: Claim, query: Query, evidences: Sequence[Evidence]) -> Finding | None:
    """The verdict on a claim; None where the best article gives no number of that kind.

    Args:
        evidences: best first, not empty; those of the best one's article are read, headings if nothing else is there.
    """
    article_id = evidences[0].sentence.article.article_id
    of_article = [one for one in evidences if one.sentence.article.article_id == article_id]
    read = [one for one in of_article if one.sentence.role not in _HEADINGS][:_READ] or of_article[:_READ]
    found = [
        (beside + evidence.coverage, -order, evidence, quantity)
        for order, evidence in enumerate(read)
        for beside, quantity in _alike(claim, query, evidence.sentence.text)
        if beside or evidence.coverage >= _ANSWERS
    ]
    # 6个 and 180场 may count the same thing; where the very unit is there, they do not. 名 and 人 always do.
    if claim.quantity.unit not in _PEOPLE:
        found = [entry for entry in found if entry[3].unit == claim.quantity.unit] or found
    if not found:
        return None
    most = max(entry[:2] for entry in found)
    best = [entry for entry in found if entry[:2] == most]
    _, _, evidence, quantity = next((entry for entry in best if entry[3].value == claim.quantity.value), best[0])
    return Finding(_verdict(claim, quantity, evidence.sentence.text), evidence, quantity)


def _alike(claim: Claim, query: Query, text: str) -> list[tuple[float, Quantity]]:
    """The quantities of a text that count what the claim counts, with the share of the question's words beside each."""
    unit, value = claim.quantity.unit, claim.quantity.value
    if unit in _DATES:
        dates = [one for one in find_quantities(text) if one.unit == unit]
        return [(0.0, one) for one in dates if (one.value < _YEARS) == (value < _YEARS)]
    return [
        (_share(query, beside, claim.printed), quantity)
        for quantity, beside in quantities_with_words(text)
        if same_kind(quantity.unit, unit)
    ]


def _share(query: Query, text: str, said: str) -> float:
    # Within a clause the cutter may join what it parts in the question (抢·到货, 抢到·的): a look at the characters.
    held = sum(weight for word, weight in query.weights.items() if word.lstrip(PAIR_MARK) in text and word not in said)
    return held / (sum(query.weights.values()) or 1.0)


def same_kind(one: str, other: str) -> bool:
    """Whether two measure words count the same kind of thing: 名 and 人, 家 and 所."""
    return one == other or any({one, other} <= family for family in (_PEOPLE, _THINGS))


def _verdict(claim: Claim, quantity: Quantity, text: str) -> str:
    said, given = claim.quantity.value, quantity.value + _slack(quantity, text)
    if claim.bound is Bound.STATED:
        if claim.roughly:
            return "是。" if abs(given - said) <= _ABOUT * said else "不是。"
        return "是。" if quantity.value == said else "不是。"
    if claim.bound is Bound.ABOVE:
        return f"是，超过{claim.printed}。" if given > said else f"没有，没超过{claim.printed}。"
    if claim.bound is Bound.AT_LEAST:
        return f"是，达到{claim.printed}。" if given >= said else f"没有，不到{claim.printed}。"
    if claim.bound is Bound.BELOW:
        return (
            f"是，不到{claim.printed}。"
            if given < said
            else f"不是，不止{claim.printed}。"
            if given > said
            else "不是。"
        )
    return f"是，没超过{claim.printed}。" if given <= said else f"不是，超过{claim.printed}。"


def _slack(quantity: Quantity, text: str) -> float:
    """Smaller than print tells apart: above 0 where a number is said to be a little more, below where less."""
    if re.search(r"余|多|以上", text[quantity.start : quantity.end + 2]) or re.search(
        r"超过?|逾|突破|不少于$", text[max(0, quantity.start - 2) : quantity.start]
    ):
        return 0.25
    return -0.25 if re.search(r"近|不到|不足|将近", text[max(0, quantity.start - 2) : quantity.start]) else 0.0
