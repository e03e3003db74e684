"""Markdown with front matter is an article; without it, a newspaper page as ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.types import ArticleKind, BlockRole
from tests.rag.corpus.formats.reports import articles, read

LIGHT = "南湾灯塔停用十九年后重新点亮，灯光能照到十八海里以外。"


def write(path: Path, front: str, body: str = LIGHT, newline: str = "\n") -> Path:
    path.write_bytes(f"---\n{front}\n---\n\n{body}\n".replace("\n", newline).encode())
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_fields_are_those_of_the_article(tmp_path: Path, newline: str) -> None:
    front = "title: 灯塔\ndate: 2022-11-05 08:00:00\nauthor: [韩青, 陆一鸣]\nplace: 无锡市\ntags: [a]\nid: n-7"
    front += "\nurl: https://x.example"
    path = write(tmp_path / "a.md", front, f"# 重新点亮\n\n{LIGHT}\n\n## 经过 ##\n\n{LIGHT}", newline)
    [article] = articles(path)
    assert (article.article_id, article.title, article.byline, article.date) == (
        "n-7",
        "灯塔",
        "韩青 陆一鸣",
        "2022-11-05",
    )
    assert (article.place, article.url, article.kind) == (("江苏省", "无锡市"), "https://x.example", ArticleKind.RECORD)
    assert [block.role for block in article.blocks] == [
        BlockRole.TITLE,
        BlockRole.BODY,
        BlockRole.SUBHEAD,
        BlockRole.BODY,
    ]


def test_offsets_count_in_the_file_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md", "title: 灯塔")
    [article] = articles(path)
    [(start, end)] = article.spans
    assert path.read_bytes().decode()[start:end] == LIGHT == article.text


@pytest.mark.parametrize(
    ("front", "title", "place", "date"),
    [
        ("标题: 灯塔\n日期: 2022年11月\n地点: [江苏省, 无锡市]", "灯塔", ("江苏省", "无锡市"), "2022-11"),
        ("date: 2022", "点亮", (), "2022"),
        ("title: 12\nplace: 某个没有的地方", "12", ("某个没有的地方",), None),
        ("title: {a: b}\ndate: soon", "点亮", (), None),
    ],
)
def test_fields_of_other_names_and_kinds(
    tmp_path: Path, front: str, title: str, place: tuple[str, ...], date: str | None
) -> None:
    [article] = articles(write(tmp_path / "a.md", front, f"# 点亮\n\n{LIGHT}"))
    assert (article.title, article.place, article.date) == (title, place, date)


def test_headings_in_code_are_none(tmp_path: Path) -> None:
    [article] = articles(write(tmp_path / "a.md", "title: 灯塔", f"{LIGHT}\n\n```\n# 不是标题\n```\n\n# 是标题"))
    headings = [article.text[one.start : one.end] for one in article.blocks if one.role is not BlockRole.BODY]
    assert headings == ["# 是标题"]


@pytest.mark.parametrize("text", ["# 灯塔\n\n" + LIGHT, f"---\n\n{LIGHT}\n\n---\n", f"---\n只是一条线\n---\n{LIGHT}"])
def test_without_front_matter_it_is_a_page(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    [page], skipped = read(tmp_path / "a.md")
    assert (page.layout, skipped, page.text) == (None, [], text)


@pytest.mark.parametrize("front", ["title: [灯塔", "title: " + "[" * 3000, "date: 2022-99-99"])
def test_front_matter_that_cannot_be_read_is_named(tmp_path: Path, front: str) -> None:
    [page], [skipped] = read(write(tmp_path / "a.md", front))
    assert page.layout is None
    assert "no YAML" in skipped.reason


def test_aliases_do_not_grow(tmp_path: Path) -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}' if n else 'x'] * 9)}]" for n in range(12))
    [article] = articles(write(tmp_path / "a.md", f"{levels}\ntitle: *l11"))
    assert article.title == ""
