"""Questions and passages in tokens, and the way back to the characters."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.embedding.pieces import PieceEncoder
from rag.reader.pairs import MAX_HEADING, MAX_QUESTION, MAX_TOKENS, PairEncoder
from rag.reader.reader import Reader

TEXT = "灯塔上 有２７级\n台阶，看守人①每天走 两趟……"


@pytest.fixture(scope="module")
def pairs(reader: Reader) -> PairEncoder:
    return reader.load()[0]


def test_every_piece_leads_back_to_its_characters(pairs: PairEncoder) -> None:
    pair = pairs.encode("有多少级台阶？", "灯塔", TEXT)
    assert len(pair.ids) == pair.first + len(pair.ranges) + 1
    covered = "".join(TEXT[start:end] for start, end in pair.ranges)
    assert covered == "".join(TEXT.split())


def test_a_passage_is_cut_as_the_embedding_model_cuts_it(pairs: PairEncoder, reader: Reader) -> None:
    pieces = PieceEncoder(reader.model.folder, MAX_TOKENS)
    pair = pairs.encode("问？", "", TEXT)
    assert pair.ids[pair.first : -1] == pieces.encode(TEXT).ids[1:-1]


def test_what_is_too_long_is_cut_and_the_passage_gives_way_first(pairs: PairEncoder) -> None:
    pair = pairs.encode("多少级台阶" * 100, "灯塔上的看守人" * 100, TEXT * 100)
    assert len(pair.ids) == MAX_TOKENS
    assert pair.first <= 1 + MAX_QUESTION + 1 + MAX_HEADING + 1


@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_ranges_are_in_order_and_within_the_text(pairs: PairEncoder, text: str) -> None:
    ranges = [span for span in pairs.encode("问", "题", text).ranges if span[1] > span[0]]
    assert all(0 <= start < end <= len(text) for start, end in ranges)
    assert all(one[0] <= two[0] and one[1] <= two[0] + 1 for one, two in pairwise(ranges))
