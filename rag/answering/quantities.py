"""Numbers with their units, read from Chinese text, so that they can be compared."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from rag.answering.question import number_of

_QUANTITY = re.compile(
    r"(?P<digits>[0-9]+(?:[,，][0-9]{3})*(?:\.[0-9]+)?|[零一二两三四五六七八九十百千]+)(?P<scale>[十百千万亿]*)(?P<more>余|多)?(?P<scale2>[万亿]?)"
    r"(?P<unit>周岁|人次|个百分点|平方米|公里|小时|分钟|[元名个人家项场次件辆篇种类条所支批户对台座处张份期届天年月日岁米吨倍%％级])?"
)
_MARK = re.compile(r"[,，;；。、:：]")
_SCALES = {"十": 10.0, "百": 100.0, "千": 1_000.0, "万": 10_000.0, "亿": 100_000_000.0}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text."""

    value: float
    unit: str
    """Measure word behind it; empty where there is none."""
    start: int
    end: int


def find_quantities(text: str) -> list[Quantity]:
    """The quantities of a text, in order. "7.4万人" is 74,000 人; 余 and 多 are left out of account."""
    found: list[Quantity] = []
    for match in _QUANTITY.finditer(text):
        digits = match["digits"].replace(",", "").replace("，", "")
        plain = float(digits) if digits[0].isdigit() else number_of(digits)
        if plain is None:
            continue
        value = float(plain)
        for scale in match["scale"] + match["scale2"]:
            value *= _SCALES[scale]
        found.append(Quantity(value, match["unit"] or "", match.start(), match.end()))
    return found


def counted_quantities(text: str, words: Collection[str]) -> list[tuple[int, Quantity]]:
    """The quantities of a text, each with how many of the words stand beside it in its own clause.

    Beside it is what lies between the quantity before and the next mark. Years and days are left out.
    """
    quantities = find_quantities(text)
    found: list[tuple[int, Quantity]] = []
    for number, quantity in enumerate(quantities):
        if quantity.unit in {"年", "月", "日"}:
            continue
        begin = quantities[number - 1].end if number else 0
        before = _MARK.split(text[max(begin, quantity.start - 24) : quantity.start])[-1]
        behind = _MARK.split(text[quantity.end : quantity.end + 12])[0]
        found.append((sum(word in before + behind for word in words), quantity))
    return found
