"""`wenbao eval` on a real index: what it prints and keeps, and when it fails."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rag.cli.main import run
from rag.errors import ExitCode
from rag.library import Library
from rag.settings import Settings, sample_path

pytestmark = pytest.mark.usefixtures("opened_once")

LINES = [
    json.loads(line) for line in (sample_path().parent / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]


def of_types(*types: str) -> list[dict[str, Any]]:
    """The first two questions of each type."""
    return [line for name in types for line in [line for line in LINES if line["type"] == name][:2]]


@pytest.fixture
def questions(workdir: Path) -> Path:
    return written(workdir / "questions.jsonl", of_types("number", "unanswerable"))


@pytest.fixture
def on_sample(sample_index: Settings, workdir: Path) -> list[str]:
    return ["--vectors", str(sample_index.vectors)]


def written(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
    return path


def test_the_figures_are_printed_by_type(
    questions: Path, on_sample: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", str(questions), *on_sample]) == ExitCode.OK
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0].startswith("questions.jsonl: 4 questions in ")
    assert re.split(r"\s{2,}", lines[2])[:4] == ["type", "n", "answer", "support"]
    assert [line.split()[:2] for line in lines[3:6]] == [["number", "2"], ["unanswerable", "2"], ["total", "4"]]
    assert "verbatim 1.000" in told.out
    assert "asking 4/4" in told.err


def test_json_holds_every_mark(questions: Path, on_sample: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", str(questions), "--json", "--limit", "3", "--seed", "5", *on_sample]) == ExitCode.OK
    told = json.loads(capsys.readouterr().out)
    assert (told["limit"], told["seed"], told["file"], told["interrupted"]) == (3, 5, "questions.jsonl", False)
    assert told["total"]["n"] == len(told["outcomes"]) == 3
    assert all(0 <= mark <= 1 for outcome in told["outcomes"] for mark in outcome["marks"].values())
    assert told["index"]["counts"]["articles"] > 0
    assert told["comparison"] is None


def test_searches_are_measured_too(workdir: Path, on_sample: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    path = written(workdir / "q.jsonl", [{"question": "婚恋交友平台", "article_ids": ["nowhere"], "answers": ["无"]}])
    assert run(["eval", str(path), "--ask", "--mode", "dense", *on_sample]) == ExitCode.OK
    header, row = capsys.readouterr().out.splitlines()[2:4]
    figures = dict(zip(header.split(), row.split(), strict=True))
    assert (figures["type"], figures["recall@10"], figures["answer"]) == ("retrieval", "0.000", "0.000")
    assert "refused" in figures


def test_the_same_run_again_is_no_regression(
    questions: Path, on_sample: list[str], workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", str(questions), "--save", "before.json", *on_sample]) == ExitCode.OK
    assert json.loads((workdir / "before.json").read_text(encoding="utf-8"))["total"]["n"] == 4
    assert run(["eval", str(questions), "--baseline", "before.json", "--tolerance", "0", *on_sample]) == ExitCode.OK
    assert "no figure fell by more than 0" in capsys.readouterr().out


def better_before(path: Path) -> None:
    """Makes a kept run one in which every question had full marks."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    for outcome in kept["outcomes"]:
        outcome["marks"] = dict.fromkeys(outcome["marks"], 1.0)
    path.write_text(json.dumps(kept), encoding="utf-8")


def test_a_fall_has_a_status_of_its_own_and_is_named(
    workdir: Path, on_sample: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = of_types("number")[0] | {"answers": ["七千个太阳"]}
    path = written(workdir / "q.jsonl", [wrong])
    assert run(["eval", str(path), "--save", "before.json", *on_sample]) == ExitCode.OK
    better_before(workdir / "before.json")
    capsys.readouterr()
    assert run(["eval", str(path), "--baseline", "before.json", *on_sample]) == ExitCode.REGRESSION
    told = capsys.readouterr().out
    assert re.search(r"number\s+answer\s+1\.000\s+0\.000\s+-1\.000\s+fell", told)
    assert re.search(
        rf"^  {wrong['qid']} \(number\): answer 1\.00 → 0\.00.* · {re.escape(wrong['question'])}$", told, re.M
    )
    assert re.search(r"^\d+ figures fell by more than 0\.01: answer of number, .*answer of total", told, re.M)
    assert run(["eval", str(path), "--baseline", "before.json", "--tolerance", "1", *on_sample]) == ExitCode.OK
    assert "worse, within the tolerance" in capsys.readouterr().out
    assert run(["eval", str(path), "--baseline", "before.json", "--json", *on_sample]) == ExitCode.REGRESSION
    assert any(change["fell"] for change in json.loads(capsys.readouterr().out)["comparison"]["changes"])


def test_what_there_is_to_mend_is_named_with_its_line(
    workdir: Path, on_sample: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lost = of_types("number")[1] | {"evidence": ["这句话哪一版都没有印过"]}
    path = written(workdir / "q.jsonl", [*of_types("number")[:1], {"question": "谁？"}, lost])
    assert run(["eval", str(path), *on_sample]) == ExitCode.OK
    told = capsys.readouterr().out
    assert "2 lines to mend:" in told
    assert "q.jsonl:2: has neither" in told
    assert "q.jsonl:3: its evidence is not in the corpus: 这句话" in told


@pytest.mark.parametrize("text", ["", "not json\n"])
def test_a_file_without_questions_is_an_error(
    workdir: Path, on_sample: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (workdir / "q.jsonl").write_text(text, encoding="utf-8")
    assert run(["eval", "q.jsonl", *on_sample]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert told.err.startswith("error: there is no question in q.jsonl")
    assert told.out == ""


def test_questions_of_another_corpus_are_an_error(
    workdir: Path, on_sample: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    written(workdir / "q.jsonl", [of_types("number")[0] | {"evidence": ["这句话哪一版都没有印过"]}])
    assert run(["eval", "q.jsonl", *on_sample]) == ExitCode.USAGE
    assert "not one question of q.jsonl fits this index" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--save", "no/such/folder/run.json"], "error: there is no folder"),
        (["--baseline", "gone.json"], "error: cannot read gone.json"),
        (["--baseline", "questions.jsonl"], "error: questions.jsonl is no saved report"),
        (["--articles", "gone.jsonl"], "error: cannot read the known articles in gone.jsonl"),
        (["--tolerance", "2"], "error: Invalid value for '--tolerance'"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_asked(
    questions: Path,
    on_sample: list[str],
    flags: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Library, "ask", None)
    assert run(["eval", str(questions), *flags, *on_sample]) == ExitCode.USAGE
    assert told in capsys.readouterr().err


def test_an_interruption_prints_what_was_measured(
    questions: Path, on_sample: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ask, asked = Library.ask, []

    def broken_off(library: Library, question: str, **options: Any) -> Any:
        asked.append(question)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return ask(library, question, **options)

    monkeypatch.setattr(Library, "ask", broken_off)
    assert run(["eval", str(questions), "--save", "run.json", *on_sample]) == ExitCode.INTERRUPTED
    told = capsys.readouterr()
    assert re.match(r"questions\.jsonl: 2 questions in \d+ s, broken off", told.out)
    assert "number" in told.out
    assert "unanswerable" not in told.out
    assert "nothing was saved or compared" in told.err
    assert not Path("run.json").exists()
