"""Pieces of Markdown, in the language of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from docs.generator.chinese import CHINESE

Language = Literal["en", "zh"]
NOTICE = "<!-- Written by `make reference`; change the code, not this page. -->"


class Say:
    """English as the code has it, in the language of a page: where the Chinese is not known, it stays English.

    Args:
        language: of the page.
    """

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, english: str) -> str:
        """The words in the page's language."""
        return CHINESE.get(english, english) if self.language == "zh" else english

    def fact(self, name: str, value: str, remark: str = "") -> str:
        """`name: value (remark)` with the marks of the language; the name is looked up."""
        if self.language == "zh":
            return f"{self(name)}：{value}{remark and f'（{remark}）'}"
        return f"{name}: {value}{remark and f' ({remark})'}"

    def paragraphs(self, english: str) -> str:
        """Several paragraphs, each looked up by itself, with the line breaks of the code taken out."""
        parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", english))
        return "\n\n".join(escaped(self(part)) for part in parts if part)


def page(title: str, *parts: str) -> str:
    """A whole page."""
    return "\n\n".join([f"# {title}", NOTICE, *(part for part in parts if part)]) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table without the columns that have nothing in them; empty where there are no rows.

    A `|` in a cell, in code or out of it, is escaped as tables need it.
    """
    lines = [[cell.replace("|", r"\|").replace("\n", " ") for cell in row] for row in rows]
    if not lines:
        return ""
    kept = [number for number in range(len(headings)) if any(line[number] for line in lines)]
    rules = ["---"] * len(headings)
    return "\n".join(f"| {' | '.join(line[number] for number in kept)} |" for line in [headings, rules, *lines])


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def code(value: object) -> str:
    """A value as code; nothing of an empty one."""
    text = str(value)
    return f"`{text}`" if text else ""


def escaped(text: str) -> str:
    """Words of the code as Markdown shows them unchanged: brackets make no links, `<` no tag, outside of code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([\[\]<*_])", r"\\\1", part) for part in parts)
