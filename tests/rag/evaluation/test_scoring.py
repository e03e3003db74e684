"""Marks: each by its definition, and as the laws have it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.questions import Item
from rag.evaluation.scoring import (
    GLANCE,
    READ,
    answer_mark,
    covered_share,
    figures_mark,
    fold,
    rank_of_first,
    retrieval_marks,
    squeeze,
)

ITEM = Item("q", "f:1", "几户？", "number", ("131户",), {}, False, (), (), (), ())


def asked(**fields: object) -> Item:
    return replace(ITEM, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("共１３１ 户[1]。", "共131户"),
        ("见[1,2]与[3、 4]", "见与"),
        ("[甲] A_b-C", "甲abc"),
        ("《三打白骨精》", "三打白骨精"),
        ("，。 \n", ""),
    ],
)
def test_folding_leaves_letters_digits_and_characters(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text("甲乙Ａab1２_，。、-"))
def test_blanks_and_punctuation_make_no_difference(text: str) -> None:
    assert fold(" ".join(text)) == fold(text) == fold(text.replace("，", "")).replace("_", "")


@pytest.mark.parametrize(
    ("item", "reply", "mark"),
    [
        (ITEM, "一共有 131 户社员[1]。", 1.0),
        (ITEM, "一共有1310户。", 0.0),
        (ITEM, "字" * (GLANCE - 4) + "131户", 1.0),
        (ITEM, "字" * (GLANCE - 3) + "131户", 0.0),
        (asked(answers=("131户", "一百三十一户")), "一百三十一户", 1.0),
        (asked(aliases={"131户": ("百余户",)}), "百余户", 1.0),
        (asked(type="list", answers=("甲", "乙"), all_answers=True), "甲、丙", 0.5),
        (asked(type="list", all_answers=True), "字" * (READ - 4) + "131户", 1.0),
        (asked(type="list", all_answers=True), "字" * (READ - 3) + "131户", 0.0),
        (asked(answers=("？",)), "？", 0.0),
    ],
)
def test_answers_must_stand_near_the_beginning(item: Item, reply: str, mark: float) -> None:
    assert answer_mark(item, reply) == mark


def test_figures_count_wherever_they_stand() -> None:
    item = asked(support=("96户", "131户"))
    assert figures_mark(item, "不是。" + "字" * 500 + "９６户") == 0.5


@pytest.mark.parametrize(("covered", "share"), [(range(0), 0.0), (range(2), 0.0), (range(3), 0.5), (range(12), 1.0)])
def test_half_of_a_piece_of_evidence_is_enough(covered: range, share: float) -> None:
    evidence = [frozenset(("a", place) for place in range(5)), frozenset(("a", place) for place in range(5, 12))]
    assert covered_share(evidence, {("a", place) for place in covered}) == share


def test_another_source_covers_nothing() -> None:
    assert covered_share([frozenset({("a", 1)})], {("b", 1)}) == 0.0


IDS = st.lists(st.sampled_from("abcdefghijklmno"), max_size=30)


@given(IDS, st.sets(st.sampled_from("abcdefghijklmno")))
def test_the_rank_is_that_of_the_first_wanted_article(found: list[str], wanted: set[str]) -> None:
    rank = rank_of_first(found, wanted)
    order = sorted(set(found), key=found.index)
    if rank is None:
        assert not wanted & set(order[:10])
    else:
        assert order[rank - 1] in wanted
        assert not wanted & set(order[: rank - 1])
    marks = retrieval_marks(rank)
    assert marks["recall@1"] <= marks["mrr@10"] <= marks["recall@10"]
    assert marks["recall@1"] <= marks["recall@5"] <= marks["recall@10"]


def test_squeezing_takes_out_white_space_alone() -> None:
    assert squeeze("甲　乙\r\n 丙\tA") == "甲乙丙A"
