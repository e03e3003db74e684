"""Sentences cut at their clauses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.finding.clauses import best_window, split_clauses, split_pieces
from rag.types import Span

_PARTS = st.sampled_from(
    [
        "渡船",
        "早班",
        "七点开",
        "，",
        "；",
        "：",
        "、",
        "。",
        "——",
        "12,500元",
        "3：1",
        "“水，电，气”",
        "(夏季,冬季)",
        "《江，湖》",
        "的",
    ]
)
_SENTENCES = st.lists(_PARTS, min_size=1, max_size=24).map("".join)


def covers(pieces: list[Span], text: str) -> bool:
    """Pieces follow each other without gap or overlap from the first character to the last."""
    return [0, *(end for _, end in pieces)] == [*(start for start, _ in pieces), len(text)]


def borders(pieces: list[Span]) -> set[int]:
    return {end for _, end in pieces[:-1]}


@given(_SENTENCES)
def test_clauses_cover_the_sentence(text: str) -> None:
    assert covers(split_clauses(text), text)


@given(_SENTENCES, st.integers(1, 60))
def test_pieces_cover_the_sentence(text: str, limit: int) -> None:
    assert covers(split_pieces(text, limit), text)


@given(_SENTENCES, st.integers(1, 60))
def test_quotations_brackets_and_numbers_stay_whole(text: str, limit: int) -> None:
    whole = [match.span() for match in re.finditer(r"“[^”]*”|\([^)]*\)|《[^》]*》|\d[\d,：]*\d", text)]
    for border in borders(split_clauses(text)) | borders(split_pieces(text, limit)):
        assert not any(start < border < end for start, end in whole), text[:border]


@given(_SENTENCES, st.integers(1, 60))
def test_a_piece_over_the_limit_is_a_single_clause(text: str, limit: int) -> None:
    clauses = split_clauses(text)
    for start, end in split_pieces(text, limit):
        assert end - start <= limit or (start, end) in clauses


@given(_SENTENCES, st.integers(1, 60))
def test_a_window_is_a_run_of_clauses_within_the_limit(text: str, limit: int) -> None:
    start, end = best_window(text, limit, lambda piece: float(piece.count("的")))
    clauses = split_clauses(text)
    assert start in {low for low, _ in clauses}
    assert end in {high for _, high in clauses}
    assert end - start <= limit or (start, end) in clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("渡口添了两条船，早班提前到六点。", ["渡口添了两条船，", "早班提前到六点。"]),
        ("船长说：“风大，不开。”码头便静了。", ["船长说：", "“风大，不开。”码头便静了。"]),
        ("修堤花了1,250,000元,工期三年", ["修堤花了1,250,000元,", "工期三年"]),
        ("比分是3：1，主队赢了", ["比分是3：1，", "主队赢了"]),
        ("先修路——再修桥；最后植树", ["先修路——", "再修桥；", "最后植树"]),
        ("没有标点的一句", ["没有标点的一句"]),
    ],
)
def test_where_clauses_end(text: str, clauses: list[str]) -> None:
    assert [text[start:end] for start, end in split_clauses(text)] == clauses


def test_an_unclosed_quotation_is_kept_whole() -> None:
    assert split_clauses("他说“风大，浪急") == [(0, 8)]


def test_the_window_holds_what_gains_most() -> None:
    text = "早上雾很浓，码头停了两班船，中午雾散了，船又开了，晚上一切照旧。"
    start, end = best_window(text, 8, lambda piece: float("散" in piece))
    assert text[start:end] == "中午雾散了，"


def test_the_first_of_equal_windows_is_taken() -> None:
    text = "甲班开船，乙班开船，丙班开船。"
    start, end = best_window(text, 6, lambda piece: float("开船" in piece))
    assert text[start:end] == "甲班开船，"


def test_a_short_sentence_is_its_own_window() -> None:
    assert best_window("船开了。", 10, lambda piece: 0.0) == (0, 4)
    assert split_pieces("船开了，人散了。", 10) == [(0, 8)]


def test_an_empty_text_has_no_clauses() -> None:
    assert split_clauses("") == []
