"""Numbers with their units, read from Chinese text, so that they can be compared."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SCALES = {"十": 10.0, "百": 100.0, "千": 1_000.0, "万": 10_000.0, "亿": 100_000_000.0}
_ARABIC = r"[0-9]+(?:[,，][0-9]{3})*(?:\.[0-9]+)?"
_HAN = r"[零〇一二两三四五六七八九十百千][零〇一二两三四五六七八九十百千万亿]*"
_FRACTION = r"[一二三四五六七八九零〇]+"
_QUANTITY = re.compile(
    rf"(?P<whole>[百千]|[二三四五六七八九十]{{1,3}}|[0-9]{{1,3}})分之(?P<part>{_ARABIC}|{_HAN}(?:点{_FRACTION})?)|"
    rf"(?<![数几])(?P<digits>{_ARABIC}|{_HAN}(?:点{_FRACTION}(?=[万亿]))?)(?P<scale>[十百千万亿]*)(?P<more>余|多)?(?P<scale2>[万亿]?)"
    r"(?P<unit>周岁|人次|个百分点|平方米|平方公里|公里|公斤|小时|分钟|课时|个月|成(?![功员立本长为果绩都就才年])|"
    r"[元名个位人家项场次件辆篇种类条所支批户对台座处张份期届天年月日岁米吨亩倍门间部套晚周%％级])?"
)
_MARK = re.compile(r"[,，;；。、:：]")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text."""

    value: float
    unit: str
    """Measure word behind it; empty where there is none. Fractions and 成 are counted in "%"."""
    start: int
    end: int


def find_quantities(text: str) -> list[Quantity]:
    """The quantities of a text, in order. "7.4万人" is 74,000 人, "百分之四十" 40 %; 余 and 多 are left out of account.

    Two digits side by side (三四个) are no number, and neither is what 数 or 几 makes vague (数百名).
    """
    found: list[Quantity] = []
    for match in _QUANTITY.finditer(text):
        value, unit = _fraction(match) if match["whole"] else _scaled(match)
        if value is not None:
            found.append(Quantity(value, unit, match.start(), match.end()))
    return found


def _fraction(match: re.Match[str]) -> tuple[float | None, str]:
    whole, part = value_of(match["whole"]), value_of(match["part"])
    return (100 * part / whole if whole and part is not None else None), "%"


def _scaled(match: re.Match[str]) -> tuple[float | None, str]:
    value, unit = value_of(match["digits"]), match["unit"] or ""
    if value is not None:
        for scale in match["scale"] + match["scale2"]:
            value *= _SCALES[scale]
        if unit == "成":
            return 10 * value, "%"
    return value, "%" if unit == "％" else unit


def value_of(numeral: str) -> float | None:
    """The value of a numeral in digits or in Chinese, 万 and 亿 included; None if it is neither.

    "二〇二四" is read digit by digit, "一万二" as spoken: 12,000.
    """
    if numeral[:1].isdecimal():
        return float(re.sub("[,，]", "", numeral))
    plain, _, decimals = numeral.partition("点")
    if decimals:
        value = _han_value(plain)
        return None if value is None else value + float("0." + "".join(str(_DIGITS[one]) for one in decimals))
    return _han_value(plain)


def _han_value(numeral: str) -> float | None:
    if not numeral or any(one not in _DIGITS and one not in _SCALES for one in numeral):
        return None
    if not _SCALES.keys() & set(numeral):
        if len(numeral) == 2:
            return None
        return float("".join(str(_DIGITS[one]) for one in numeral))
    total = section = 0.0
    digit, before, last = 0, "", 1.0
    for one in numeral:
        if one in _DIGITS:
            if _DIGITS.get(before):
                return None
            digit = _DIGITS[one]
        elif _SCALES[one] < 10_000:
            section, digit, last = section + (digit or 1) * _SCALES[one], 0, _SCALES[one]
        else:
            section += digit
            total = (total + section) * _SCALES[one] if one == "亿" and total else total + (section or 1) * _SCALES[one]
            section, digit, last = 0.0, 0, _SCALES[one]
        spoken = before in _SCALES and last >= 100  # 一万二 leaves its last scale unsaid
        before = one
    return total + section + digit * (last / 10 if digit and spoken else 1)


def quantities_with_words(text: str) -> list[tuple[Quantity, str]]:
    """The quantities of a text, each with the words beside it in its own clause. Years and days are left out.

    Beside it is what lies between the quantity before and the next mark.
    """
    quantities = find_quantities(text)
    found: list[tuple[Quantity, str]] = []
    for number, quantity in enumerate(quantities):
        if quantity.unit in {"年", "月", "日"}:
            continue
        begin = quantities[number - 1].end if number else 0
        before = _MARK.split(text[max(begin, quantity.start - 24) : quantity.start])[-1]
        behind = _MARK.split(text[quantity.end : quantity.end + 12])[0]
        found.append((quantity, before + behind))
    return found


def counted_quantities(text: str, words: Collection[str]) -> list[tuple[int, Quantity]]:
    """The quantities of a text, each with how many of the words stand beside it."""
    return [(sum(word in beside for word in words), quantity) for quantity, beside in quantities_with_words(text)]
