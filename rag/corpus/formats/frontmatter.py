"""Markdown with front matter: the lines between `---` say what the article below them is called, and of which day.

The text is the file as decoded, so offsets count in the file itself; the front matter is no part of the article.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import yaml

from rag.corpus.formats.base import one_line
from rag.corpus.formats.metadata import day_of, place_of
from rag.types import Block, BlockRole, Layout, Section

_FRONT = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^[A-Za-z_\u3400-\u9fff][\w-]*[ \t]*[:：]", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(?P<title>\S.*?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)", re.DOTALL | re.MULTILINE)
_MAX_FRONT = 20_000
_NAMES = {
    "title": ("title", "headline", "标题"),
    "byline": ("byline", "author", "authors", "作者", "记者"),
    "date": ("date", "published", "日期"),
    "place": ("place", "location", "地点"),
    "url": ("url", "link", "source_url"),
    "id": ("id", "article_id"),
}


def front_matter(text: str) -> tuple[Layout | None, str]:
    """The layout of a text that opens with front matter, and a remark where that cannot be read.

    Returns:
        None where the text has none: it is a newspaper page then.
    """
    match = _FRONT.match(text[:_MAX_FRONT])
    if match is None or not _FIELD.search(match["yaml"]):
        return None, ""
    try:
        fields = yaml.safe_load(match["yaml"])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 2})" if where is not None else ""
        return None, f"has front matter that is no YAML{line}; it is read as a newspaper page"
    if not isinstance(fields, dict):
        return None, ""
    return Layout((_section(text, match.end(), fields),), is_stored=False), ""


def _section(text: str, start: int, fields: dict[Any, Any]) -> Section:
    headings = list(_headings(text, start))
    given = {name: _value(fields, keys) for name, keys in _NAMES.items()}
    first = text[headings[0].start : headings[0].end] if headings else ""
    return Section(
        start=start,
        end=len(text),
        title=given["title"] or one_line(re.sub(r"^#+\s+|\s+#+$", "", first)),
        byline=given["byline"],
        date=day_of(given["date"]),
        place=_place(fields),
        url=given["url"] or None,
        article_id=given["id"],
        headings=tuple(headings),
    )


def _headings(text: str, start: int) -> list[Block]:
    """The headings of the body, those within fenced code left out."""
    fenced = [match.span() for match in _FENCE.finditer(text, start)]
    found: list[Block] = []
    for match in _HEADING.finditer(text, start):
        if any(low <= match.start() < high for low, high in fenced):
            continue
        role = BlockRole.SUBHEAD if found or len(match[1]) > 1 else BlockRole.TITLE
        found.append(Block(role, match.start(1), match.end()))
    return found


def _value(fields: dict[Any, Any], names: tuple[str, ...]) -> str:
    """The first field of these names that is a word, a number, a day, or a list of them."""
    for name in names:
        value = fields.get(name)
        words = [_word(one) for one in value] if isinstance(value, list) else [_word(value)]
        if any(words):
            return one_line(" ".join(filter(None, words)))
    return ""


def _word(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _place(fields: dict[Any, Any]) -> tuple[str, ...]:
    """A list is the path of a place as it is; a name is looked up."""
    for name in _NAMES["place"]:
        value = fields.get(name)
        if isinstance(value, list):
            return tuple(filter(None, (one_line(_word(one)) for one in value)))
        if _word(value):
            return place_of(_word(value))
    return ()
