"""Folding and cutting, against the reference implementation of the same dictionary."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import rjieba

from rag.index.text import terms as terms_module
from rag.index.text.terms import PAIR_MARK, cutter, fold, hash_terms, hash_terms_of, terms, words

SAMPLES = (
    "昨天下午，县里的老桥重新开放，三百多名村民走上桥面。",
    "研究人员说，这种水稻在盐碱地里亩产超过四百公斤。",
    "图书馆把闭馆时间推迟到晚上十点，方便上班族借书。",
    "演出结束后，合唱团的孩子们把花送给了台下的老师。",
    "公交公司新开了两条环线，票价仍是2元，可以刷手机。",
    "渔政船在禁渔期内巡查了127次，查获违规渔具38件。",
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("ＡＢＣ１２３", "abc123"), ("漢語資訊", "汉语资讯"), ("ｶﾞ", "ガ"), ("㎡", "m2"), ("，", ","), ("", "")],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_traditional_and_full_width_questions_meet_simplified_texts() -> None:
    assert terms("圖書館開放２４小時") == terms("图书馆开放24小时")


def test_punctuation_and_the_words_of_asking_are_no_terms() -> None:
    asked = words("图书馆是什么样的？！……")
    assert "图书馆" in asked
    assert not {"是", "什么", "的", "？", "!", "?", "…"} & set(asked)
    assert terms("？！……  。") == []
    assert terms("的") == []


def test_pairs_find_a_name_that_the_dictionary_cuts_differently() -> None:
    name = "佟砚霏"
    alone, inside = set(terms(name)), set(terms(f"据了解{name}今年参赛"))
    pairs = {PAIR_MARK + "佟砚", PAIR_MARK + "砚霏"}
    assert pairs <= alone
    assert pairs <= inside


def test_pairs_never_cross_punctuation_or_blanks() -> None:
    assert PAIR_MARK + "桥山" not in terms("桥，山")
    assert PAIR_MARK + "桥山" not in terms("桥 山")


def test_rjieba_cuts_as_jieba_does() -> None:
    jieba = pytest.importorskip("jieba")
    jieba.setLogLevel(logging.ERROR)
    for sample in SAMPLES:
        assert sorted(rjieba.cut_for_search(sample)) == sorted(jieba.cut_for_search(sample))


def test_hashes_are_fixed_for_all_time() -> None:
    """Written indexes depend on them; a change needs a new TERMS_VERSION."""
    assert hash_terms(["图书馆", "abc"]).tolist() == [_blake("图书馆"), _blake("abc")]
    assert hash_terms([]).dtype == np.uint64


def _blake(term: str) -> int:
    import hashlib

    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "little")


@pytest.mark.parametrize("held", [1 << 18, 3])
def test_digests_of_a_text_are_those_of_its_terms(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms_module, "_HELD_WORDS", held)
    for sample in (*SAMPLES, "", "的", "！？", "a", "𠮷野家的𠮷", "ＡＢＣ１２３漢語資訊"):
        found = hash_terms_of(fold(sample), cutter())
        assert sorted(found.tolist()) == sorted(hash_terms(terms(sample)).tolist())
