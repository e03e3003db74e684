"""Lines of a JSONL corpus file → `Page`s: what a record must be, and what is said of a line that is not one.

A record is an object with `id` and `text`, both strings that are not blank, and optionally `title`, `byline`, `date`,
`place` and `url`. Other fields are none of our business and are left alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, MutableMapping
from datetime import date, datetime
from typing import Any

from rag.types import Page, RecordFields, Skipped

MAX_CHARS_SHOWN = 40
"""As much of an offending value as a report repeats."""

_MARK = b"\xef\xbb\xbf"
_YEAR_OR_MONTH = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2]))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class _BadLine(Exception):
    """Why a line is no record, in words for the keeper of the corpus."""


def records_of(lines: Iterable[bytes], source: str, seen: MutableMapping[str, str]) -> Iterator[Page | Skipped]:
    """The records of a file, a line each; blank lines are passed over.

    A file that holds Chinese in UTF-8 anywhere is taken for UTF-8 from there on; until then a line may be GB18030.

    Args:
        lines: the file's lines, a byte order mark at the start allowed.
        source: the file's name in the corpus.
        seen: ids that are taken already and where; extended.
    """
    is_utf8 = False
    for number, raw in enumerate(lines, start=1):
        line = raw.removeprefix(_MARK) if number == 1 else raw
        if not line.strip():
            continue
        where = f"{source}:{number}"
        try:
            text, is_utf8 = _decoded(line, is_utf8)
            page, remarks = _page(_object(text), source, hashlib.blake2b(line, digest_size=16).hexdigest())
            taken = seen.setdefault(page.record.article_id, where) if page.record else where
            if taken != where:
                raise _BadLine(f"its id was taken already at {taken}")
        except _BadLine as problem:
            yield Skipped(where, str(problem))
            continue
        yield page
        for remark in remarks:
            yield Skipped(where, remark)


def _decoded(line: bytes, is_utf8: bool) -> tuple[str, bool]:
    try:
        return line.decode("utf-8"), is_utf8 or not line.isascii()
    except UnicodeDecodeError as error:
        if is_utf8:
            raise _BadLine(f"is not UTF-8 (byte {error.start + 1} of the line)") from error
    try:
        return line.decode("gb18030"), False
    except UnicodeDecodeError as error:
        raise _BadLine("is neither UTF-8 nor GB18030") from error


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise _BadLine(f"is not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:  # a number with thousands of digits, brackets nested as deep
        raise _BadLine(f"is not JSON that can be read: {error}") from error
    if not isinstance(value, dict):
        raise _BadLine(f"is a JSON {_kind(value)}, expected an object")
    return value


def _page(record: dict[str, Any], source: str, digest: str) -> tuple[Page, list[str]]:
    """The page of a record, and what had to be left out of it."""
    article_id = _string(record, "id", required=True)
    if _CONTROL.search(article_id):
        raise _BadLine("its id holds control characters")
    text = _string(record, "text", required=True)
    day, remarks = _day(_string(record, "date"))
    fields = RecordFields(
        article_id=article_id,
        title=_string(record, "title"),
        byline=_string(record, "byline"),
        date=day,
        place=_strings(record, "place"),
        url=_string(record, "url") or None,
    )
    return Page(source=f"{source}#{article_id}", text=text, record=fields, digest=digest), remarks


def _string(record: dict[str, Any], name: str, *, required: bool = False) -> str:
    value = record.get(name)
    if value is None and not required:
        return ""
    if value is None:
        raise _BadLine(f"has no {name}")
    if not isinstance(value, str):
        raise _BadLine(f"its {name} is a JSON {_kind(value)}, expected a string")
    if required and not value.strip():
        raise _BadLine(f"its {name} is empty")
    _check_encodable(value, name)
    return value


def _strings(record: dict[str, Any], name: str) -> tuple[str, ...]:
    value = record.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise _BadLine(f"its {name} is not a list of strings")
    for part in value:
        _check_encodable(part, name)
    return tuple(part for part in value if part.strip())


def _check_encodable(value: str, name: str) -> None:
    # JSON may escape half a surrogate pair, which no file, reply or screen can carry.
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _BadLine(f"its {name} holds half a surrogate pair at character {error.start}") from error


def _day(value: str) -> tuple[str | None, list[str]]:
    """An ISO 8601 date or time cut down to its day; month and year stay as they are."""
    given = value.strip()
    if not given:
        return None, []
    if _YEAR_OR_MONTH.fullmatch(given):
        return given, []
    for parse in (date.fromisoformat, datetime.fromisoformat):
        try:
            return parse(given).strftime("%Y-%m-%d"), []
        except ValueError:
            continue
    return None, [f"its date {given[:MAX_CHARS_SHOWN]!r} is not ISO 8601; the record is read without a date"]


def _kind(value: object) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
