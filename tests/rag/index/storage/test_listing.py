"""Filters and the pages of a listing, without an index under them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError
from rag.index.storage.listing import Listing, date_matches, date_range, source_matches
from rag.types import Filters

ROWS = [
    ("a", "2024/05/a.txt", '["江苏省", "无锡市"]', "2024-05-31"),
    ("b", "2024/06/b.txt", '["浙江省"]', "2024-06"),
    ("c", "2023.jsonl#c", "[]", None),
    ("d", "2024.txt", '["江苏省"]', "2023"),
]


def _listing() -> Listing:
    return Listing(ROWS)


def _holding(folded: str) -> set[int]:
    return {1, 3} if folded == "桥" else set()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(sources=("2024/",)), "ab"),
        (Filters(sources=("2024/05/a.txt", "2024.txt")), "ad"),
        (Filters(sources=("2023.jsonl",)), "c"),
        (Filters(sources=("2023.jsonl#c",)), "c"),
        (Filters(sources=("2024",)), ""),
        (Filters(places=("江苏",)), "ad"),
        (Filters(places=("无锡", "浙江省")), "ab"),
        (Filters(date_from="2024-06-15"), "b"),
        (Filters(date_from="2024-05-31", date_to="2024-05-31"), "a"),
        (Filters(date_to="2023-12-31"), "d"),
        (Filters(article_ids=("c", "nobody")), "c"),
        (Filters(places=("江苏",), date_from="2024-01-01"), "a"),
        (Filters(article_ids=("nobody",)), ""),
    ],
)
def test_filters(filters: Filters, expected: str) -> None:
    chosen = _listing().matching(filters)
    assert "".join(row[0] for row, holds in zip(ROWS, chosen, strict=True) if holds) == expected


def test_a_source_is_no_prefix_of_another() -> None:
    assert not source_matches("a.txt2", ["a.txt"])
    assert not source_matches("ab/c.txt", ["a"])


@pytest.mark.parametrize(
    ("day", "matches"),
    [
        ("2024-02-29", True),
        ("2024-02", True),
        ("2024", True),
        ("2024-03", False),
        ("2025", False),
        (None, False),
        ("soon", False),
    ],
)
def test_a_month_or_year_matches_when_any_of_its_days_does(day: str | None, matches: bool) -> None:
    assert date_matches(day, "2024-02-29", "2024-02-29") is matches


@pytest.mark.parametrize(("first", "last"), [("2024-13-01", None), (None, "yesterday"), ("2024-02-02", "2024-02-01")])
def test_ranges_that_cannot_be(first: str | None, last: str | None) -> None:
    with pytest.raises(InputError):
        date_range(first, last)


@given(st.integers(1, 5))
def test_pages_follow_each_other_to_the_end(limit: int) -> None:
    found, cursor, total = _listing().page(Filters(), None, limit, None, _holding)
    assert total == len(ROWS)
    while cursor:
        page, cursor, _ = _listing().page(Filters(), None, limit, cursor, _holding)
        found += page
    assert found == [0, 1, 2, 3]


def test_words_narrow_a_listing() -> None:
    assert _listing().page(Filters(), " 桥 ", 10, None, _holding) == ([1, 3], None, 2)
    assert _listing().page(Filters(places=("江苏",)), "桥", 10, None, _holding) == ([3], None, 1)
    assert _listing().page(Filters(date_from="2024-01-01"), "桥", 10, None, _holding) == ([1], None, 1)


def test_a_cursor_goes_on_after_its_article_when_the_list_has_moved() -> None:
    _, cursor, _ = _listing().page(Filters(), None, 2, None, _holding)
    grown = Listing([("new", "0.txt", "[]", None), *ROWS])
    assert grown.page(Filters(), None, 9, cursor, _holding)[0] == [3, 4]


@pytest.mark.parametrize("cursor", ["x", "ä", "e30=", "WzFd", "bnVsbA=="])
def test_a_cursor_that_no_listing_gave_is_refused(cursor: str) -> None:
    with pytest.raises(InputError):
        _listing().page(Filters(), None, 5, cursor, _holding)
