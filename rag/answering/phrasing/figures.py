"""Numbers that a sentence states, and whether a passage states them, too."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.answering.phrasing.dates import find_dates
from rag.answering.reading.quantities import Quantity, find_quantities

Bound = Literal["", "about", "over", "under"]

_ABOUT_BEFORE = re.compile(r"(?:大约|约为|约有|约|大概|差不多|左右)$")
_OVER_BEFORE = re.compile(r"(?:超过了?|超出|超|逾|突破|高于|多于|不少于|不低于|至少|足足有?|高达|多达|达到?了?)$")
_UNDER_BEFORE = re.compile(r"(?:将近|接近|近|不到|不足|少于|低于|快到?)$")
_OVER_BEHIND = re.compile(r"以上|余|多(?![家种项个名])")
_ABOUT_BEHIND = re.compile(r"左右|上下|前后")
_NO_BOUND = re.compile(r"(?:高达|多达|达到?了?)$")
_FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"名", "人", "位", "个", "人次"}),
    frozenset("个 家 所 座 处 支 间 门 台 项 类 种 条 篇 件 部 套 级 期 户 张 份 批 辆".split()),  # noqa: SIM905  # a list of a score of quoted words is no list to read
    frozenset({"场", "次", "届", "期", "个", "项", "批"}),
    frozenset({"天", "日"}),
    frozenset({"年", "周岁", "岁"}),
    frozenset({"月", "个月"}),
)
_IDIOM = re.compile(r"^[一两]$|^[百千]$")
_COUNTED = re.compile(r"[大省市县区镇村校国地方层款轮步本枚束面站代任]")
"""What is counted without a measure word: 五大功能区, 三省一市."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that a text states, with what is said of its exactness."""

    quantity: Quantity
    text: str
    bound: Bound
    ordinal: bool
    """第三届: a place in an order, no count."""

    @property
    def value(self) -> float:
        return self.quantity.value


def find_figures(text: str) -> list[Figure]:
    """The numbers of a folded text that state something; dates are left out, and so is 一 where it only means "a"."""
    taken = [(date.start, date.end) for date in find_dates(text)]
    found = []
    for quantity in find_quantities(text):
        if any(start < quantity.end and quantity.start < end for start, end in taken):
            continue
        written = text[quantity.start : quantity.end]
        ordinal = text[: quantity.start].endswith("第")
        number = written[: len(written) - len(quantity.unit)] if quantity.unit != "%" else written
        spelled = not re.search(r"\d", number)
        counted = quantity.unit or len(number) > 2 or _COUNTED.match(text, quantity.end)
        if spelled and not ordinal and (_IDIOM.search(number) or not counted):
            continue  # 一家, 两级, 三农, 百年: words rather than counts
        found.append(Figure(quantity, written, _bound(text, quantity, written), ordinal))
    return found


def _bound(text: str, quantity: Quantity, written: str) -> Bound:
    before, behind = text[max(quantity.start - 4, 0) : quantity.start], text[quantity.end : quantity.end + 2]
    if _ABOUT_BEFORE.search(before) or _ABOUT_BEHIND.match(behind):
        return "about"
    if _UNDER_BEFORE.search(before):
        return "under"
    if _NO_BOUND.search(before):
        return "over" if "余" in written or "多" in written or _OVER_BEHIND.match(behind) else ""
    if _OVER_BEFORE.search(before) or _OVER_BEHIND.match(behind) or "余" in written or "多" in written:
        return "over"
    return ""


def states(stated: Figure, source: Figure) -> bool:
    """Whether a sentence may state its figure on the strength of a passage's.

    The values are equal, or the sentence rounds and says so (约, 超过, 近): to the last place that it writes out.
    """
    if stated.ordinal != source.ordinal or not same_unit(stated.quantity.unit, source.quantity.unit):
        return False
    if {stated.bound, source.bound} == {"over", "under"}:
        return False
    value, true = stated.value, source.value
    if math.isclose(value, true, rel_tol=1e-9):
        return True
    place = _last_place(value)
    if stated.bound == "about":
        return abs(value - true) <= place / 2 and source.bound in ("", "about")
    if stated.bound == "over":
        return value < true < value + place
    return stated.bound == "under" and value - place < true < value


def same_unit(one: str, other: str) -> bool:
    """Whether two measure words can count the same things; a number without one is open to all but per cent."""
    if one == other:
        return True
    if not one or not other:
        return "%" not in (one, other)
    return any(one in family and other in family for family in _FAMILIES)


def _last_place(value: float) -> float:
    """What one more in the last digit that is not a naught is worth: 100 for 1,500, 0.1 for 2.5, at most a tenth."""
    if not value:
        return 0.0
    digits = f"{value:.6g}"
    mantissa, _, exponent = f"{float(digits):.5e}".partition("e")
    decimals = len(mantissa.rstrip("0").partition(".")[2])
    return float(min(10.0 ** (int(exponent) - decimals), abs(value) / 5))


def stated_by(figure: Figure, sources: Sequence[Figure]) -> list[Figure]:
    """Those of the passage's figures that the sentence's figure may rest on."""
    return [source for source in sources if states(figure, source)]
