"""Figures, dates and names of English sentences about Chinese passages."""

from __future__ import annotations

import pytest

from rag.answering.phrasing.english import english_dates, english_figures, english_names, is_english, named_in


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3 boats and 1,200 nets", [3, 1200]),
        ("1.2 million yuan", [1_200_000]),
        ("three hundred and 5%", [300, 5]),
        ("twelve of the 40 harbours", [12, 40]),
        ("in June 2021, 18 months later", [18]),
        ("the third edition", []),
    ],
)
def test_figures_are_read(text: str, values: list[float]) -> None:
    assert [figure.value for figure in english_figures(text)] == values


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("more than 300", "over"),
        ("nearly 300", "under"),
        ("about 300", "about"),
        ("exactly 300", ""),
    ],
)
def test_how_exact_a_figure_is_said_to_be(text: str, read: str) -> None:
    (figure,) = english_figures(text)
    assert figure.bound == read


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("on June 18, 2021", [(2021, 6, 18)]),
        ("on 18 June 2021", [(2021, 6, 18)]),
        ("in May 2021", [(2021, 5, None)]),
        ("since 2021", [(2021, None, None)]),
        ("it may rain", []),
        ("2,021 boats", []),
    ],
)
def test_dates_are_read(text: str, found: list[tuple[object, ...]]) -> None:
    assert [(date.year, date.month, date.day) for date in english_dates(text)] == found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The fisherman Chen Ashui came from Xi'an.", ["Chen", "Ashui", "Xi'an"]),
        ("Fishermen went to sea.", []),
        ("Haifeng Cold Chain Company paid.", ["Haifeng"]),
        ("It was paid for by Microsoft.", ["Microsoft"]),
        ("The Municipal Federation of Trade Unions paid in June.", []),
    ],
)
def test_names_are_told_from_plain_words(text: str, names: list[str]) -> None:
    assert list(english_names(text)) == names


def test_a_name_is_found_by_how_its_characters_are_read() -> None:
    printed = "渔民陈阿水来自西安,用上了lora传感器"
    assert all(named_in(word, printed) for word in ("Chen", "Ashui", "Xi'an", "LoRa"))
    assert not named_in("Haifeng", printed)


@pytest.mark.parametrize(
    ("text", "english"), [("Three boats.", True), ("三条船", False), ("3", False), ("LoRa传感器", False)]
)
def test_english_is_letters_without_chinese(text: str, english: bool) -> None:
    assert is_english(text) is english
