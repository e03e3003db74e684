"""What an index holds, counted level by level and place by place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.storage.contents import Contents
from rag.index.storage.listing import source_matches

ROWS = [
    ("a", "2024/05/a.txt", '["江苏省", "无锡市"]'),
    ("b", "2024/05/a.txt", '["江苏省"]'),
    ("c", "2024/b.txt", "[]"),
    ("r1", "news.jsonl#r1", '["浙江省"]'),
    ("r2", "news.jsonl#r2", "[]"),
    ("p-1", "page#2.txt", '["江苏省", "无锡市", "惠山区"]'),
]
NAMES = st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=4).map("/".join)


def told(contents: Contents, under: str = "", limit: int = 100, cursor: str | None = None) -> list[tuple[str, int]]:
    return [(one.source, one.articles) for one in contents.sources(under, limit, cursor).items]


def test_folders_come_first_and_records_count_to_their_file() -> None:
    contents = Contents(ROWS)
    assert told(contents) == [("2024/", 3), ("news.jsonl", 2), ("page#2.txt", 1)]
    assert told(contents, "2024/") == [("2024/05/", 2), ("2024/b.txt", 1)]
    assert told(contents, "2024") == []


def test_a_level_has_pages() -> None:
    contents = Contents(ROWS)
    first = contents.sources("", 2, None)
    assert first.next_cursor == "news.jsonl"
    assert told(contents, cursor=first.next_cursor) == [("page#2.txt", 1)]
    assert contents.sources("", 3, None).next_cursor is None


@given(st.lists(NAMES.map(lambda path: f"{path}.txt"), max_size=12))
def test_every_count_is_what_the_source_as_a_filter_lets_through(paths: list[str]) -> None:
    contents = Contents((f"a{number}", path, "[]") for number, path in enumerate(paths))
    folders, seen = [""], 0
    while folders:
        for source, count in told(contents, folders.pop()):
            assert count == sum(source_matches(path, [source]) for path in paths)
            if source.endswith("/"):
                folders.append(source)
            else:
                seen += count
    assert seen == len(paths)


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        (None, ["江苏省 3", "无锡市 2", "惠山区 1", "浙江省 1"]),
        ("江", ["江苏省 3", "浙江省 1"]),
        (" 无锡 ", ["无锡市 2"]),
        ("没有", []),
    ],
)
def test_places_count_what_lies_within_them(q: str | None, expected: list[str]) -> None:
    assert [f"{one.place[-1]} {one.articles}" for one in Contents(ROWS).places(q, None, 100)] == expected


def test_the_largest_places_are_told() -> None:
    assert [one.place[-1] for one in Contents(ROWS).places(None, None, 2)] == ["江苏省", "无锡市"]


@pytest.mark.parametrize(
    ("under", "expected"),
    [("", ["江苏省", "浙江省"]), ("江苏省", ["无锡市"]), ("江苏省/无锡市/", ["惠山区"]), ("无锡市", [])],
)
def test_places_are_told_level_by_level(under: str, expected: list[str]) -> None:
    assert [one.place[-1] for one in Contents(ROWS).places(None, under, 100)] == expected
