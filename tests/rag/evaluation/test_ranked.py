"""The measures against trec_eval's own, which pytrec_eval binds, and by hand."""

from __future__ import annotations

from math import log2

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.ranked import RECALL_AT, ndcg, ranking_marks, recall, reciprocal_rank

NAMES = st.sampled_from([f"d{number}" for number in range(30)])
RANKINGS = st.lists(NAMES, unique=True, max_size=30)
JUDGEMENTS = st.dictionaries(NAMES, st.integers(0, 3), min_size=1)


@given(RANKINGS, JUDGEMENTS)
def test_the_figures_are_those_of_trec_eval(ranking: list[str], judgements: dict[str, int]) -> None:
    asked = {"ndcg_cut.10", "recall.1,5,10,100", "recip_rank"}
    theirs = pytrec_eval.RelevanceEvaluator({"q": judgements}, asked)

    def evaluated(names: list[str]) -> dict[str, float]:
        """Of a ranking, which trec_eval takes as scores."""
        scores = {name: float(len(names) - place) for place, name in enumerate(names)}
        return theirs.evaluate({"q": scores or {"nothing": 1.0}})["q"]

    ours, whole = ranking_marks(ranking, judgements), evaluated(ranking)
    assert ours["ndcg@10"] == pytest.approx(whole["ndcg_cut_10"])
    for k in RECALL_AT:
        assert ours[f"recall@{k}"] == pytest.approx(whole[f"recall_{k}"])
    assert ours["mrr@10"] == pytest.approx(evaluated(ranking[:10])["recip_rank"])


def test_ndcg_by_hand() -> None:
    judgements = {"a": 3, "b": 1, "c": 0}
    gained = 1 / log2(2) + 3 / log2(4)
    assert ndcg(["b", "c", "a"], judgements, 10) == pytest.approx(gained / (3 + 1 / log2(3)))
    assert ndcg(["a", "b"], judgements, 10) == 1
    assert ndcg(["c", "b", "a"], judgements, 1) == 0


def test_what_is_beyond_k_does_not_count() -> None:
    ranking = [f"d{number}" for number in range(12)]
    assert recall(ranking, {"d9": 1, "d10": 1}, 10) == 0.5
    assert reciprocal_rank(ranking, {"d9": 1}, 10) == pytest.approx(0.1)
    assert reciprocal_rank(ranking, {"d10": 1}, 10) == 0


def test_without_anything_relevant_every_figure_is_0() -> None:
    assert set(ranking_marks(["a", "b"], {"a": 0, "b": -1}).values()) == {0.0}
