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


def nearest_quantity(text: str, words: Collection[str], units: Collection[str] = ()) -> Quantity | None:
    """The quantity that stands closest behind or before one of the words; the first one where no word occurs.

    Args:
        words: what is counted.
        units: measure words that are accepted; empty accepts any.
    """
    quantities = [q for q in find_quantities(text) if not units or q.unit in units]
    if not quantities:
        return None
    places = [(match.start(), match.end()) for word in words for match in re.finditer(re.escape(word), text)]
    if not places:
        return quantities[0]

    def distance(quantity: Quantity) -> float:
        return min(
            quantity.start - end if end <= quantity.start else (start - quantity.end) + 0.5 if start >= quantity.end else 0
            for start, end in places
        )

    return min(quantities, key=distance)
