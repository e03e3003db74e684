"""BM25 against another implementation, and the round trips that generations rely on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import IndexDamaged
from rag.index.legs import keyword_index
from rag.index.legs.keyword_index import FILES, K1, B, KeywordIndex, TermCounts

WORDS = st.sampled_from(["稻", "渔", "桥", "abc", "2019", "合唱", "湿地"])
TEXTS = st.lists(st.lists(WORDS, max_size=12), max_size=8)


def _index(texts: list[list[str]]) -> KeywordIndex:
    return KeywordIndex.build(TermCounts.of_texts(texts))


@settings(deadline=None)
@given(TEXTS.filter(lambda texts: any(texts)), st.lists(WORDS, min_size=1, max_size=4, unique=True))
def test_scores_are_those_of_bm25s(texts: list[list[str]], query: list[str]) -> None:
    bm25s = pytest.importorskip("bm25s")
    peer = bm25s.BM25(method="lucene", k1=K1, b=B)
    peer.index(texts, show_progress=False)
    known = [word for word in query if any(word in text for text in texts)]
    expected = peer.get_scores(known) if known else np.zeros(len(texts))
    np.testing.assert_allclose(_index(texts).scores(query), expected, rtol=1e-5, atol=1e-6)


@settings(deadline=None)
@given(TEXTS)
def test_counts_by_row_survive_the_turn_into_postings(texts: list[list[str]]) -> None:
    before = TermCounts.of_texts(texts)
    after = _index(texts).term_counts()
    assert len(after) == len(texts)
    for row in range(len(texts)):
        assert _row(after, row) == _row(before, row)


@settings(deadline=None)
@given(TEXTS, TEXTS, st.randoms())
def test_kept_rows_score_as_if_cut_anew(old: list[list[str]], new: list[list[str]], random: object) -> None:
    texts = [*old, *new]
    order = np.arange(len(texts), dtype=np.int64)
    random.shuffle(order)  # type: ignore[attr-defined]
    carried = TermCounts.joined([_index(old).term_counts(), TermCounts.of_texts(new)]).take(order)
    query = ["稻", "桥", "abc"]
    np.testing.assert_array_equal(
        KeywordIndex.build(carried).scores(query), _index([texts[row] for row in order]).scores(query)
    )


def test_rows_are_taken_in_any_order_and_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [["桥"], ["稻", "渔", "稻"], [], ["渔", "桥", "桥"], ["abc"]]
    counts, rows = TermCounts.of_texts(texts), np.array([3, 0, 1, 1, 2, 4, 3], np.int64)
    for size in (1, 2, 3, 100):
        monkeypatch.setattr(keyword_index, "_TAKEN_AT_ONCE", size)
        taken = counts.take(rows)
        assert [_row(taken, row) for row in range(len(taken))] == [_row(counts, row) for row in rows.tolist()]


@settings(deadline=None)
@given(texts=TEXTS, k=st.integers(0, 5))
def test_saved_and_opened_it_finds_the_same(
    texts: list[list[str]], k: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("words")
    index = _index(texts)
    index.save(folder)
    opened = KeywordIndex.open(folder)
    for left, right in zip(index.search(["稻", "abc"], k), opened.search(["稻", "abc"], k), strict=True):
        np.testing.assert_array_equal(left, right)


def test_search_is_best_first_and_equals_by_row() -> None:
    rows, scores = _index([["桥"], ["稻"], ["桥", "桥"], ["桥"], ["渔"]]).search(["桥"], 10)
    assert rows.tolist() == [2, 0, 3]
    assert scores[0] > scores[1] == scores[2]


def test_the_cut_among_equals_is_by_row() -> None:
    rows, _ = _index([["桥"]] * 9).search(["桥"], 4)
    assert rows.tolist() == [0, 1, 2, 3]


def test_a_mask_hides_rows_without_changing_scores() -> None:
    index = _index([["桥", "稻"], ["桥"], ["桥", "桥"]])
    full = dict(zip(*index.search(["桥"], 3), strict=True))
    rows, scores = index.search(["桥"], 3, np.array([True, False, True]))
    assert set(rows.tolist()) == {0, 2}
    assert all(full[row] == score for row, score in zip(rows, scores, strict=True))


def test_unknown_and_no_terms_find_nothing() -> None:
    for query in ([], ["没有的词"]):
        assert _index([["桥"]]).search(query, 5)[0].tolist() == []
    assert _index([]).search(["桥"], 5)[0].tolist() == []


def test_frequencies_are_in_the_order_asked() -> None:
    index = _index([["桥"], ["桥", "稻"], ["渔"]])
    assert index.document_frequency(["稻", "没有", "桥", "稻"]).tolist() == [1, 0, 2, 1]
    common, rare, unknown = index.idf(["桥", "稻", "没有"])
    assert common < rare < unknown


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_cut_file_is_named(name: str, tmp_path: Path) -> None:
    _index([["桥", "稻"]]).save(tmp_path)
    path = tmp_path / f"{name}.npy"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(IndexDamaged, match=name):
        KeywordIndex.open(tmp_path)
    path.unlink()
    with pytest.raises(IndexDamaged, match=name):
        KeywordIndex.open(tmp_path)


def _row(counts: TermCounts, row: int) -> dict[int, int]:
    start, end = counts.offsets[row : row + 2]
    hashes = counts.vocabulary[counts.ids[start:end]]
    return dict(zip(hashes.tolist(), counts.counts[start:end].tolist(), strict=True))
