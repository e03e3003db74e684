"""A page in two languages shows the same: so what is run of the English one need not be run a second time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT, blocks_of

CHINESE = ".zh.md"
TWINS = [page for page in PAGES if page.name.endswith(CHINESE)]
_HAN = re.compile(r"[\u4e00-\u9fff]")
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def english_of(page: Path) -> Path:
    """The English page of a Chinese one."""
    return page.with_name(page.name.removesuffix(CHINESE) + ".md")


def shape_of(page: Path) -> tuple[list[int], list[int]]:
    """The levels of its headings, and the rows of each of its tables."""
    prose = _FENCED.sub("", page.read_text(encoding="utf-8"))
    levels = [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)]
    return levels, [table.count("\n") for table in re.findall(r"(?:^\|.*\n)+", prose, re.MULTILINE)]


def links_of(page: Path) -> list[str]:
    """The pages that it leads to, each once."""
    return sorted(set(re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("page", TWINS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_both_languages_show_the_same(page: Path) -> None:
    blocks, others = blocks_of(page), blocks_of(english_of(page))
    assert [(block.language, block.text, block.marks) for block in blocks] == [
        (block.language, block.text, block.marks) for block in others
    ]


@pytest.mark.parametrize("page", TWINS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_both_languages_are_built_alike(page: Path) -> None:
    assert shape_of(page) == shape_of(english_of(page))
    assert links_of(page) == links_of(english_of(page))
    prose = _FENCED.sub("", page.read_text(encoding="utf-8"))
    assert all(_HAN.search(line) for line in re.findall(r"^# .*", prose, re.MULTILINE))
