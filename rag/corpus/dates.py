"""The date of an article: the latest day, month or year that its text gives with a year.

Nothing is invented: a day without its year gives no date, and neither does a year that lies ahead or only opens a
period.
"""

from __future__ import annotations

import re

_DATE = re.compile(
    r"(?<![\d.])((?:19|20)\d{2})年(?:度(?!\S{0,4}计划)|底|初|末|年底)?(?:(1[0-2]|0?[1-9])月(?:(3[01]|[12]\d|0?[1-9])[日号])?)?"
    r"|(?<![\d.])((?:19|20)\d{2})[-./](1[0-2]|0?[1-9])[-./](3[01]|[12]\d|0?[1-9])(?!\d)"
)
# A period that began then, or a goal that lies ahead, does not date the article.
_AHEAD = re.compile(r"(?:从|自|力争|计划|预计|将于|将在|争取|截止到|目标[^。]{0,6})$")
_SINCE = re.compile(r"(?:以来|起|前|之前|开始(?:实施)?|至今|后|以后)")
_PLAN = re.compile(r"将|力争|计划|目标|全面|基本|要")
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def of_article(body: str) -> str | None:
    """ISO 8601 day, month or year of an article, or None."""
    found = [date for match in _DATE.finditer(body) if (date := _read(body, match))]
    if not found:
        return None
    year = max(date[:4] for date in found)
    # Within the latest year the most exact date counts, of equally exact ones the latest.
    return max((date for date in found if date[:4] == year), key=lambda date: (len(date), date))


def _read(body: str, match: re.Match[str]) -> str | None:
    before, after = body[max(0, match.start() - 8) : match.start()], body[match.end() : match.end() + 16]
    if _SINCE.match(after) or _AHEAD.search(before) or (before.endswith(("到", "至")) and _PLAN.search(after)):
        return None
    year, month, day = (match[1], match[2], match[3]) if match[1] else (match[4], match[5], match[6])
    if not month:
        return year
    if day and int(day) > _MONTH_DAYS[int(month) - 1]:
        day = None
    return f"{year}-{int(month):02d}" + (f"-{int(day):02d}" if day else "")
