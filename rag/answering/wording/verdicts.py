"""Yes or no, and which of two is more: the verdict first, then the figures that decide, each cited.

A verdict is given only where the text decides it by a rule that can be stated: two numbers of one kind compared, a
limit that a number in the question keeps or breaks, a half that is one, a negation. Otherwise the evidence speaks for
itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product, takewhile

from rag.answering.finding.clauses import best_window, split_clauses
from rag.answering.finding.evidence import Evidence, Query, content_words
from rag.answering.finding.passages import SHORT, trimmed, window_gain
from rag.answering.reading.quantities import Quantity, counted_quantities, find_quantities
from rag.answering.reading.question import Question
from rag.answering.wording.claims import Bound, Claim, decide_claim, read_claim, same_kind
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
_HALF = re.compile(r"半个?(?:小时|天|月|年|世纪)")
_MONEY = re.compile(r"(?:资金|经费|金额|补助|补贴|津贴|奖金|价格?|费用?|工资|收入|产值|投资额?|销售额|额度|贷款)$")
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
    attribute = f"{shared}{tail}".strip()
    if not attribute and parts[0].strip()[-1:] != parts[1].strip()[-1:]:
        return None  # two sides that count different things compare nothing
    return Comparison(
        parts[0].strip(" ,，"),
        parts[1].strip(" ,，"),
        attribute or _common_end(parts[0].strip(" ,，"), parts[1].strip(" ,，")),
        bool(_SMALLER.search(text)),
        adjective.group(1),
    )


def _common_end(one: str, other: str) -> str:
    """The noun that both sides end with: A的补助, B的补助; empty when they share less than a word behind a 的."""
    shared = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(one), reversed(other), strict=False))
    )
    end = one[len(one) - shared :].rpartition("的")[2]
    return end if 2 <= len(end) < min(len(one), len(other)) else ""


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


def read_sides(name: str, evidences: Sequence[Evidence], attribute: str) -> list[tuple[float, Side]]:
    """The figures of one side in its article, each with how many of the attribute's words stand beside it.

    Of equals the one counts more whose sentence names more of the side. What is paid is counted in 元 alone.

    Args:
        evidences: best first; only those of the best one's article are read.
    """
    words = [word for word in content_words(attribute or name) if not word.startswith(PAIR_MARK)]
    own = [word for word in content_words(name) if not word.startswith(PAIR_MARK) and word not in words]
    money = bool(_MONEY.search(attribute or name))
    best = evidences[0]
    if best.coverage + best.context < _RELATED:
        return []
    article_id = best.sentence.article.article_id
    return [
        (beside + _named(own, evidence.sentence.text, quantity), Side(name, evidence, quantity))
        for evidence in evidences[:_READ]
        if evidence.sentence.article.article_id == article_id
        for beside, quantity in counted_quantities(evidence.sentence.text, words)
        if beside and (quantity.unit == "元" or not money)
    ]


def _named(words: Sequence[str], text: str, quantity: Quantity) -> float:
    """Below 1: how much of a side's name the sentence holds; what stands in one item with the figure counts most."""
    start = max(text.rfind(mark, 0, quantity.start) for mark in "、,，;；") + 1
    behind = re.search(r"[、,，;；]", text[quantity.end :])
    item = text[start : quantity.end + behind.start()] if behind else text[start:]
    return sum((word in text) + 2 * (word in item) for word in words) / (3 * len(words) + 1)


def best_pair(left: Sequence[tuple[float, Side]], right: Sequence[tuple[float, Side]]) -> tuple[Side, Side] | None:
    """The figures of either side that count the same thing: most words beside both, the best evidence of equals."""
    pairs = [
        (beside_left + beside_right, -order, one, other)
        for order, ((beside_left, one), (beside_right, other)) in enumerate(product(left, right))
        if same_kind(one.quantity.unit, other.quantity.unit) and _place(one) != _place(other)
    ]
    if not pairs:
        return None
    _, _, one, other = max(pairs, key=lambda pair: pair[:2])
    return one, other


def _place(side: Side) -> tuple[str, int]:
    sentence = side.evidence.sentence
    return sentence.article.article_id, sentence.start + side.quantity.start


def comparison_draft(comparison: Comparison, left: Side, right: Side) -> Draft:
    """Verdict, then both figures."""
    quotes = {side.name: _quote_around(side.evidence, side.quantity) for side in (left, right)}
    if left.quantity.value == right.quantity.value:
        return Draft(("一样。", *_both(quotes[left.name], quotes[right.name])))
    larger, smaller = (left, right) if left.quantity.value > right.quantity.value else (right, left)
    winner, loser = (smaller, larger) if comparison.smaller_wins else (larger, smaller)
    verdict = f"{_bare(winner.name, loser.name)}更{comparison.adjective}。"
    return Draft((verdict, *_both(quotes[winner.name], quotes[loser.name])))


def _both(one: Quote, other: Quote) -> tuple[str | Quote, ...]:
    """Two quotations, or the one that holds both figures."""
    return (one,) if one == other else (one, "；", other)


def _bare(name: str, other: str) -> str:
    """A side without the clause that describes it (某市工会给每家的补助 → 某市工会), where that tells the two apart."""
    shorter, others = (re.split(r"(?<=..)(?:给|的(?=[^的]{2,}$))", one)[0] for one in (name, other))
    return shorter if shorter != others else name


def _quote_around(evidence: Evidence, quantity: Quantity) -> Quote:
    sentence = evidence.sentence
    text = sentence.text
    start, end = next(
        ((s, e) for s, e in split_clauses(text) if s <= quantity.start < e), (quantity.start, quantity.end)
    )
    if end - start < 12 and start:
        start = max(s for s, _ in split_clauses(text) if s < start)
    return trimmed(Quote(sentence.article, sentence.start + start, sentence.start + end))


def yes_no_draft(query: Query, evidence: Evidence, others: Sequence[Evidence] = ()) -> Draft | None:
    """Verdict, then the sentence that decides; None where no rule decides.

    Args:
        evidence: the best there is.
        others: evidence best first, in which a number that the question states may be found.
    """
    asked, text = query.question.text, evidence.sentence.text
    claim = read_claim(asked)
    bounded = claim is not None and claim.bound is not Bound.STATED
    word = "" if bounded else _half(asked, text) or _limit(asked, text) or _requirement(query, text)
    if not word and claim is not None:
        return _claimed(query, claim, [evidence, *(one for one in others if one is not evidence)])
    word = word or _negation(query, evidence)
    return Draft((word, _quoted(query, evidence))) if word else None


def _claimed(query: Query, claim: Claim, evidences: Sequence[Evidence]) -> Draft | None:
    """The verdict on a number that the question states; by the words alone only where the sentence prints it, too."""
    finding = decide_claim(claim, query, evidences)
    if finding is not None:
        return Draft((finding.words, _quoted(query, finding.evidence, finding.quantity)))
    values = [quantity.value for quantity in find_quantities(evidences[0].sentence.text)]
    if claim.bound is not Bound.STATED or claim.quantity.value not in values:
        return None
    word = _negation(query, evidences[0])
    return Draft((word, _quoted(query, evidences[0]))) if word else None


def _quoted(query: Query, evidence: Evidence, quantity: Quantity | None = None) -> Quote:
    """The clauses that answer, and the number among them."""
    sentence = evidence.sentence
    number = sentence.text[quantity.start : quantity.end] if quantity else ""
    start, end = best_window(
        sentence.text,
        SHORT,
        lambda text: window_gain(query, query.question, text) + (1.0 if number and number in text else 0.0),
    )
    return trimmed(Quote(sentence.article, sentence.start + start, sentence.start + end))


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
        if part.value < whole.value and same_kind(part.unit, whole.unit) and (not named or whole.value in named)
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
    if any(half not in text for half in _HALF.findall(query.question.text)):
        return ""  # 半小时 is a number, too, and not the one that is printed
    start, end = best_window(text, 40, lambda piece: window_gain(query, query.question, piece))
    negated = bool(_NOT.search(text[start:end])) != bool(re.search(r"不(?!是)|没(?!有)|未", query.question.text))
    return "不是。" if negated else "是。"
