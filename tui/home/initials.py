"""The first letters of Chinese words as they are spelled, so that a command can be found without an input method."""

from __future__ import annotations

from bisect import bisect_right

# The common ideographs of GB 2312 stand in the order of their spelling: each letter begins at a code of that table.
_STARTS = (
    *(("a", 0xB0A1), ("b", 0xB0C5), ("c", 0xB2C1), ("d", 0xB4EE), ("e", 0xB6EA), ("f", 0xB7A2), ("g", 0xB8C1)),
    *(("h", 0xB9FE), ("j", 0xBBF7), ("k", 0xBFA6), ("l", 0xC0AC), ("m", 0xC2E8), ("n", 0xC4C3), ("o", 0xC5B6)),
    *(("p", 0xC5BE), ("q", 0xC6DA), ("r", 0xC8BB), ("s", 0xC8F6), ("t", 0xCBFA), ("w", 0xCDDA), ("x", 0xCEF4)),
    *(("y", 0xD1B9), ("z", 0xD4D1)),
)
_CODES = [code for _, code in _STARTS]
_END = 0xD7F9
"""The code of the last common ideograph."""


def initials(text: str) -> str:
    """The letters that the common ideographs of a text begin with; everything else is left out."""
    return "".join(_initial(char) for char in text)


def _initial(char: str) -> str:
    encoded = char.encode("gb2312", errors="ignore")
    code = int.from_bytes(encoded, "big") if len(encoded) == 2 else 0
    return _STARTS[bisect_right(_CODES, code) - 1][0] if _CODES[0] <= code <= _END else ""
