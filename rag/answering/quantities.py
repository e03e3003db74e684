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


def counted_quantity(text: str, words: Collection[str], units: Collection[str] = ()) -> Quantity | None:
    """The quantity that counts what the words name.

    Each quantity is read with the characters before it, back to the quantity before or the end of a sentence's clause, and
    the few behind it. The one with most of the words wins, the first of equals; the first of all where no word occurs.

    Args:
        words: what is counted.
        units: measure words that are accepted; empty accepts any.
    """
    quantities = find_quantities(text)
    best: Quantity | None = None
    best_held = -1
    for number, quantity in enumerate(quantities):
        if units and quantity.unit not in units:
            continue
        begin = quantities[number - 1].end if number else 0
        near = text[max(begin, quantity.start - 24) : quantity.start] + text[quantity.end : quantity.end + 10]
        held = sum(1 for word in words if word in near)
        if held > best_held:
            best, best_held = quantity, held
    return best
