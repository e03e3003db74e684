"""Figures out of marks, reports kept and read back, and two runs held against each other."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError, WriteError
from rag.evaluation.comparison import TOTAL, ComparedReport, compare
from rag.evaluation.figures import figures_by_type, figures_over_all
from rag.evaluation.measuring import Options, Outcome
from rag.evaluation.questions import RETRIEVAL, UNANSWERABLE
from rag.evaluation.report import Measured, Report, read_report, save_report
from rag.types import Counts, Skipped

INDEX = Measured(generation="g", model="m", model_fingerprint="f", corpus="c", counts=Counts())


def outcome(number: int, kind: str = "number", error: str = "", ms: float = 5.0, **marks: float) -> Outcome:
    return Outcome(f"q{number}", f"问{number}？", kind, ms, marks, error=error)


def report(outcomes: Sequence[Outcome]) -> Report:
    return Report(
        wenbao="0", file="q.jsonl", digest="d", limit=None, seed=0, options=Options(), index=INDEX, seconds=1.0,
        outcomes=tuple(outcomes), skipped=(Skipped("q.jsonl:9", "is not JSON"),),
    )  # fmt: skip


RUN = [
    outcome(1, answer=1.0, refusal=1.0, support=1.0),
    outcome(2, answer=0.0, refusal=0.0, support=0.0),
    outcome(3, "list", answer=0.5, refusal=1.0, support=1.0),
    outcome(4, UNANSWERABLE, refusal=1.0),
    outcome(5, UNANSWERABLE, refusal=0.0),
    outcome(6, "list", error="too long"),
]


def test_figures_are_means_by_type() -> None:
    types = figures_by_type(RUN)
    assert list(types) == ["list", "number", UNANSWERABLE]
    assert types["number"] == {"n": 2, "answer": 0.5, "support": 0.5, "refusal": 0.5, "error": 0.0}
    assert types["list"] == {"n": 2, "answer": 0.5, "support": 1.0, "refusal": 1.0, "error": 0.5}
    assert types[UNANSWERABLE] == {"n": 2, "refusal": 0.5, "error": 0.0}


def test_what_only_makes_sense_over_all_is_there_once() -> None:
    exact = [replace(one, citations=2, verbatim=number % 3) for number, one in enumerate(RUN[:3])]
    total = figures_over_all([*exact, *RUN[3:]])
    assert total["answer"] == 0.5
    assert (total["citations"], total["verbatim"]) == (6, 0.5)
    assert total["refused_when_due"] == 0.5
    assert total["false_refusal"] == pytest.approx(1 / 3)
    assert total["error"] == pytest.approx(1 / 6)


def test_times_are_the_middle_and_the_late_one() -> None:
    total = figures_over_all([outcome(number, RETRIEVAL, ms=float(number)) for number in range(21)])
    assert (total["p50_ms"], total["p95_ms"]) == (10.0, 19.0)
    assert "refused_when_due" not in total


def test_nothing_measured_gives_no_figures() -> None:
    assert figures_over_all([]) == {"n": 0, "error": 0.0}
    assert figures_by_type([]) == {}


def test_a_kept_report_is_the_same_when_read_back(tmp_path: Path) -> None:
    whole = report(RUN)
    save_report(whole, tmp_path / "run.json")
    assert read_report(tmp_path / "run.json") == whole
    assert list(tmp_path.iterdir()) == [tmp_path / "run.json"]
    kept = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert kept["types"]["number"]["answer"] == 0.5
    assert kept["total"]["n"] == 6


def test_what_is_no_report_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with pytest.raises(InputError, match=r"cannot read .*run\.json: No such file"):
        read_report(path)
    for text in ("", "[]", '{"format": 2}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="is no saved report"):
            read_report(path)


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    (tmp_path / "run.json" / "x").touch()
    with pytest.raises(WriteError, match=r"cannot write .*run\.json"):
        save_report(report(RUN), tmp_path / "run.json")
    assert os.listdir(tmp_path) == ["run.json"]  # noqa: PTH208  # hidden files included


def test_a_run_against_itself_moves_nothing() -> None:
    same = compare(report(RUN), report(RUN), 0.0)
    assert (same.compared, same.only_before, same.only_after) == (6, 0, 0)
    assert (same.changes, same.better, same.worse, same.fallen) == ((), (), (), ())


def changed(number: int, **marks: float) -> list[Outcome]:
    return [replace(one, marks=one.marks | marks) if one.qid == f"q{number}" else one for one in RUN]


def test_what_fell_is_named_by_type_and_by_question() -> None:
    found = compare(report(RUN), report(changed(1, answer=0.0)), 0.01)
    assert {(one.type, one.figure) for one in found.fallen} == {("number", "answer"), (TOTAL, "answer")}
    (one,) = (change for change in found.changes if change.type == "number")
    assert (one.before, one.after, one.gain) == (0.5, 0.0, -0.5)
    assert [(one.qid, one.marks) for one in found.worse] == [("q1", {"answer": (1.0, 0.0)})]
    assert found.better == ()


def test_what_rose_is_no_fall() -> None:
    found = compare(report(RUN), report(changed(2, answer=1.0, support=1.0)), 0.0)
    assert found.fallen == ()
    assert [(one.qid, set(one.marks)) for one in found.better] == [("q2", {"answer", "support"})]


@pytest.mark.parametrize(("tolerance", "fell"), [(0.49, True), (0.5, False), (1.0, False)])
def test_the_tolerance_is_what_a_figure_may_fall(tolerance: float, fell: bool) -> None:
    found = compare(report(RUN), report(changed(1, answer=0.0)), tolerance)
    assert bool([change for change in found.fallen if change.type == "number"]) is fell


def test_more_refusals_are_worse() -> None:
    before = [outcome(1, RETRIEVAL, refused=0.0), outcome(2, RETRIEVAL, refused=1.0)]
    after = [outcome(1, RETRIEVAL, refused=1.0), outcome(2, RETRIEVAL, refused=1.0)]
    assert [change.figure for change in compare(report(before), report(after), 0.1).fallen] == ["refused", "refused"]
    assert compare(report(after), report(before), 0.1).fallen == ()
    assert [one.qid for one in compare(report(before), report(after), 0.1).worse] == ["q1"]


def test_a_question_that_is_not_taken_any_more_is_worse() -> None:
    after = [outcome(1, error="too long"), *RUN[1:]]
    found = compare(report(RUN), report(after), 0.0)
    assert ("number", "error") in {(one.type, one.figure) for one in found.fallen}
    assert [one.qid for one in found.worse] == ["q1"]


def test_only_what_both_asked_is_compared() -> None:
    found = compare(report(RUN[1:]), report([*RUN[:-1], outcome(7, answer=0.0)]), 0.0)
    assert (found.compared, found.only_before, found.only_after) == (4, 1, 2)
    assert found.changes == ()


def test_other_questions_cannot_be_compared() -> None:
    renamed = [replace(one, question="别的？") for one in RUN]
    with pytest.raises(InputError, match="has none of the questions"):
        compare(report(RUN), report(renamed), 0.0)


MARKS = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=12)


@given(MARKS, st.randoms(use_true_random=False), st.floats(0, 1))
def test_comparing_the_other_way_round_turns_better_into_worse(
    marks: list[float], dice: object, tolerance: float
) -> None:
    before = [outcome(number, answer=mark) for number, mark in enumerate(marks)]
    after = [outcome(number, answer=dice.choice([0.0, 0.5, 1.0])) for number in range(len(marks))]  # type: ignore[attr-defined]
    there, back = compare(report(before), report(after), tolerance), compare(report(after), report(before), tolerance)
    assert [one.qid for one in there.better] == [one.qid for one in back.worse]
    assert [change.gain for change in there.changes] == [-change.gain for change in back.changes]
    assert all(change.gain < -tolerance for change in there.fallen)


def test_the_comparison_is_printed_with_the_report() -> None:
    compared = ComparedReport.of(report(RUN), compare(report(RUN), report(changed(1, answer=0.0)), 0.0))
    told = json.loads(compared.model_dump_json())
    assert told["comparison"]["changes"][0]["fell"] is True
    assert told["types"] == json.loads(report(RUN).model_dump_json())["types"]
    assert json.loads(ComparedReport.of(report(RUN), None).model_dump_json())["comparison"] is None
