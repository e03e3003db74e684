"""What a page shows of a command's output, compared with what it prints."""

from __future__ import annotations

import re

_ANYTHING = [
    (r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}", "GENERATION"),
    (r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|\+00:00| UTC)?", "TIME"),
    (r"\d[\d,.]*(?= ?(s|ms|MB|kB|GB)\b)", "NUMBER"),
    (r"(?<=://127\.0\.0\.1:)\d+", "PORT"),
]
"""What differs from run to run and is no claim of the page, with what it is put down as on both sides."""


def same(shown: str, printed: str) -> bool:
    """Whether the output is the one shown, with its notes or without, blanks at the ends of lines left out."""
    pattern, whole = _pattern(_settled(shown)), _settled(printed)
    without_notes = re.sub(r"^note: .*\n", "", whole, flags=re.MULTILINE)
    return any(re.fullmatch(pattern, text) for text in (whole, without_notes))


def _settled(text: str) -> str:
    for pattern, name in _ANYTHING:
        text = re.sub(pattern, name, text)
    return "".join(f"{line.rstrip()}\n" for line in text.strip().splitlines())


def _pattern(shown: str) -> str:
    lines = shown.splitlines()
    return "".join(r"(?:[^\n]*\n)*?" if line == "…" else _line_pattern(line) for line in lines)


def _line_pattern(line: str) -> str:
    # Blanks beside it belong to it: how many stand before a figure depends on its digits.
    return r"[^\n]*?".join(re.escape(part) for part in re.split(" *… *", line)) + r"\n"
