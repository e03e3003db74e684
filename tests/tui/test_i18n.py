"""The catalogue: complete, used, and the only place that holds words."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import tui
from tests.tui.conftest import ready
from tui.home.themes import THEMES
from tui.i18n import CATALOGUE, Language, Words, choose_language
from tui.remote.client import Trouble

ROOT = Path(tui.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.parent.name != "i18n" and path.name != "__main__.py")
PARTS = "|".join(sorted({key.split(".")[0] for key in CATALOGUE}))
HAN = re.compile(r"[\u4e00-\u9fff]")
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN|FROM|JOIN|WHERE|AND|OR|ORDER)\b")
# Characters and key names that are the same in every language.
NAMES = {"Enter", "Shift+Enter, Ctrl+J", "Esc", "Esc ", "Tab", "Tab, Shift+Tab", "F1, ?", "↑ ↓ PgUp PgDn"}


def constants(module: Path) -> list[str]:
    """The strings of a module that are no docstrings."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    docs = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def used_keys() -> set[str]:
    known = {value for module in MODULES for value in constants(module) if value in CATALOGUE}
    known |= {f"{kind}.{trouble}" for kind in ("error", "hint") for trouble in Trouble}
    known |= {f"theme.{name}" for name in THEMES}
    return known


def test_every_key_that_is_asked_for_is_there_and_no_other() -> None:
    asked = {
        value
        for module in MODULES
        for value in constants(module)
        if re.fullmatch(rf"({PARTS})\.[a-z_.]+", value) and not value.endswith((".", ".tcss"))
    }
    assert asked - set(CATALOGUE) == set()
    assert set(CATALOGUE) - used_keys() == set()


@pytest.mark.parametrize("key", CATALOGUE)
def test_both_languages_say_the_same_with_the_same_values(key: str) -> None:
    chinese, english = CATALOGUE[key]
    fields = [sorted(name for _, name, _, _ in string.Formatter().parse(words) if name) for words in (chinese, english)]
    assert fields[0] == fields[1]
    assert chinese.strip()
    assert english.strip()
    if key not in {"key.language", "help.language"}:  # each names the other language
        assert not HAN.search(english)
        assert HAN.search(chinese) or not re.search("[A-Za-z]", re.sub(r"\{\w+\}", "", english))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_no_module_holds_words_of_its_own(module: Path) -> None:
    for value in constants(module):
        assert not HAN.search(value), f"{module.name}: {value!r}"
        # Two words with a blank between them, outside a stylesheet, are a sentence that nobody translated.
        is_style = "{" in value and ":" in value
        assert (
            is_style or SQL.match(value) or value in NAMES or not re.search(r"[A-Za-z]{2,},? +[A-Za-z]{2,}", value)
        ), f"{module.name}: {value!r}"


async def test_the_screen_in_chinese_holds_no_english(address: str) -> None:
    async with ready(address, language="zh") as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.ask("预算是多少")
        text = screenful.text()
        await screenful.press("f1")
        text += screenful.text()
    known = {"Enter", "Esc", "Tab", "Shift", "Ctrl", "English", "PgUp", "PgDn", "page", "txt"}
    assert set(re.findall(r"[A-Za-z]{3,}", text)) <= known


async def test_the_screen_in_english_holds_chinese_of_the_paper_only(address: str) -> None:
    async with ready(address, language="en") as screenful:
        first_words = [line for line in screenful.lines() if HAN.search(line)]
    # The articles in the guidance, and the key that names the other language.
    assert all("·" in line or "F3 中文" in line for line in first_words)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({}, "en"),
        ({"LANG": "en_US", "LC_ALL": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN", "LC_MESSAGES": "en_US"}, "en"),
        ({"LANG": "en_US", "LANGUAGE": "zh_CN:en"}, "zh"),
        ({"LANG": "C", "LANGUAGE": "zh_CN"}, "en"),
        ({"LANG": "zha_CN"}, "en"),
    ],
)
def test_the_locale_chooses(environment: dict[str, str], language: str) -> None:
    assert choose_language(None, environment) == language


def test_a_given_language_goes_before_the_locale() -> None:
    assert choose_language("zh-Hans", {"LANG": "en_US"}) is Language.ZH
    assert choose_language("en", {"LANG": "zh_CN"}) is Language.EN


def test_words_are_asked_by_key() -> None:
    words = Words(Language.ZH)
    assert words("index.articles", count="3") == "3 篇文章"
    words.language = words.language.other
    assert words("index.articles", count="3") == "3 articles"
    with pytest.raises(KeyError):
        words("no.such.key")
    with pytest.raises(KeyError):
        words("index.articles", number=3)
