"""Measuring a real index: the marks are those of the definitions, and the tools beside this checkout say the same."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import rag
from rag.errors import CorpusMissing, InputError
from rag.evaluation.figures import figures_by_type, figures_over_all
from rag.evaluation.measuring import Measurement, Options, Outcome
from rag.evaluation.questions import QuestionFile, read_questions
from rag.evaluation.sources import GoldArticles, Sources
from rag.library import Library
from rag.settings import sample_path
from rag.types import Answer, Progress, Turn
from server.schemas import AskResponse, SearchResponse
from tests.rag.evaluation.conftest import QUESTIONS, write_lines

TOOLS = Path(rag.__file__).parents[2] / "shared" / "tools"


@pytest.fixture
def measurement(town: Library) -> Measurement:
    return Measurement(town, Sources(Path(town.status().corpus)), Options(ask=True))


def measured(measurement: Measurement, folder: Path, *lines: dict[str, Any]) -> list[Outcome]:
    path = write_lines(folder / "q.jsonl", *(json.dumps(line, ensure_ascii=False) for line in lines))
    measurement.run(read_questions(path).items)
    return measurement.outcomes


SEATS = {
    "question": "秦州区图书馆夜读区有多少个座位？",
    "type": "number",
    "answers": ["260个"],
    "evidence": ["夜读区共有260个座位，\n周末常常坐满"],
}


def test_a_right_answer_has_full_marks(measurement: Measurement, tmp_path: Path) -> None:
    (one,) = measured(measurement, tmp_path, SEATS | {"support": ["260", "999"]})
    full = dict.fromkeys(["answer", "refusal", "support", "found@1", "found@3", "found@5", "found@10"], 1.0)
    assert one.marks == full | {"figures": 0.5}
    assert (one.qid, one.type, one.error) == ("line 1", "number", "")
    assert one.citations == one.verbatim == 1
    assert one.ms > 0


def test_a_refusal_is_right_where_it_is_due_and_nowhere_else(measurement: Measurement, tmp_path: Path) -> None:
    question = {"question": "谁获得了物理学奖？", "answers": [], "type": "unanswerable"}
    due, wrong = measured(measurement, tmp_path, question, question | {"type": "factoid", "answers": ["某人"]})
    assert due.marks == {"refusal": 1.0}
    assert wrong.marks == {"refusal": 0.0, "answer": 0.0}


def test_articles_are_ranked_and_the_question_asked(measurement: Measurement, tmp_path: Path) -> None:
    line = {"question": "秦州区图书馆夜读区有多少个座位？", "article_ids": ["reading"], "answers": ["260个"]}
    right, wrong, empty = measured(
        measurement, tmp_path, line, line | {"article_ids": ["nowhere"]}, line | {"question": " "}
    )
    assert right.marks["mrr@10"] == right.marks["recall@1"] == right.marks["answer"] == 1.0
    assert wrong.marks["recall@10"] == wrong.marks["mrr@10"] == 0.0
    assert empty.marks == dict.fromkeys(["recall@1", "recall@5", "recall@10", "mrr@10", "answer"], 0.0) | {"refused": 1}


def test_searching_alone_asks_nothing(town: Library, tmp_path: Path) -> None:
    measurement = Measurement(town, Sources(Path(town.status().corpus)), Options(mode="lexical"))
    (one,) = measured(measurement, tmp_path, {"question": "冰库", "article_ids": ["ice"]})
    assert set(one.marks) == {"recall@1", "recall@5", "recall@10", "mrr@10"}


def test_a_conversation_is_part_of_the_question(town: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Sequence[Turn]] = []
    ask = town.ask

    def listening(question: str, **options: Any) -> Answer:
        told.append(options["history"])
        return ask(question, **options)

    monkeypatch.setattr(town, "ask", listening)
    history = [
        {"role": "user", "content": "留坝县养蜂合作社有多少户社员？"},
        {"role": "assistant", "content": "96户。"},
    ]
    line = {"question": "那房县呢？", "type": "followup", "answers": ["131户"], "history": history}
    (one,) = measured(Measurement(town, Sources(tmp_path), Options()), tmp_path, line)
    assert one.marks["answer"] == 1.0
    assert told == [tuple(Turn(**turn) for turn in history)]


def test_a_question_that_is_not_taken_is_an_error_of_its_own(measurement: Measurement, tmp_path: Path) -> None:
    long, right = measured(measurement, tmp_path, SEATS | {"question": "问" * 3000}, SEATS)
    assert "3000 characters" in long.error
    assert long.marks == {}
    assert right.marks["answer"] == 1.0


def test_evidence_that_the_corpus_lacks_is_named(measurement: Measurement, tmp_path: Path) -> None:
    assert measured(measurement, tmp_path, SEATS | {"evidence": ["夜读区共有261个座位"]}) == []
    assert [one.where for one in measurement.skipped] == ["q.jsonl:1"]
    assert "261" in measurement.skipped[0].reason


def test_a_corpus_that_is_gone_is_told(town: Library, tmp_path: Path) -> None:
    with pytest.raises(CorpusMissing):
        measured(Measurement(town, Sources(tmp_path / "gone"), Options()), tmp_path, SEATS)


def test_a_page_that_was_changed_shows_in_the_quotes(town: Library, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for file in Path(town.status().corpus).iterdir():
        text = file.read_text(encoding="utf-8")
        (corpus / file.name).write_text(text.replace("夜读区共有", "夜读区里共有"), encoding="utf-8")
    line = SEATS | {"evidence": ["周末常常坐满"]}
    (one,) = measured(Measurement(town, Sources(corpus), Options()), tmp_path, line)
    assert (one.citations, one.verbatim) == (1, 0)


def test_what_was_measured_before_an_interruption_is_there(town: Library, measurement: Measurement) -> None:
    items = read_questions(QUESTIONS).items[:4]
    seen: list[Progress] = []

    def interrupt(progress: Progress) -> None:
        seen.append(progress)
        if progress.done == 2:
            raise KeyboardInterrupt

    measurement = Measurement(town, Sources(sample_path()), Options())
    with pytest.raises(KeyboardInterrupt):
        measurement.run(items, interrupt)
    assert [one.qid for one in measurement.outcomes] == [item.qid for item in items[:2]]
    assert [(one.done, one.total) for one in seen] == [(0, 4), (1, 4), (2, 4)]
    assert seen[0].seconds_left is None
    assert seen[2].rate > 0
    assert seen[2].seconds_left is not None


def test_known_articles_tell_recall_and_whether_citations_are_on_topic(town: Library, tmp_path: Path) -> None:
    text = "town.jsonl#reading"
    known = [
        {"article_id": "A", "source": text, "spans": [[0, 90]]},
        {"article_id": "B", "source": text, "spans": [[90, 999]]},
    ]
    articles = GoldArticles.read(write_lines(tmp_path / "a.jsonl", *map(json.dumps, known), ""))
    measurement = Measurement(town, Sources(Path(town.status().corpus)), Options(), articles)
    right, wrong = measured(measurement, tmp_path, SEATS | {"article_ids": ["A", "C"]}, SEATS | {"article_ids": ["C"]})
    assert (right.marks["on_topic"], right.marks["recall@1"], right.marks["recall@10"]) == (1.0, 1.0, 0.5)
    assert (wrong.marks["on_topic"], wrong.marks["recall@1"], wrong.marks["recall@10"]) == (0.0, 0.0, 0.0)
    assert articles.holding(text, [(88, 94)]) == "B"
    assert articles.holding("elsewhere", [(0, 9)]) is None


@pytest.mark.parametrize("line", ["{", '{"article_id": "A"}', '{"article_id": "A", "source": "s", "spans": [[1]]}'])
def test_a_line_that_is_no_known_article_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match=r"a\.jsonl:2 is no known article"):
        GoldArticles.read(write_lines(tmp_path / "a.jsonl", "", line))


def scorer(name: str) -> ModuleType:
    path = TOOLS / f"{name}.py"
    if not path.exists():
        pytest.skip(
            f"the tool that the figures must agree with is not beside this checkout (../shared/tools/{name}.py)"
        )
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def said_by(
    tool: ModuleType,
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
) -> Any:
    """What a tool prints when its calls reach the library instead of a server."""

    def post(base: str, path: str, body: dict[str, Any], key: str | None) -> Any:
        if path == "/v1/search":
            found = library.search(body["query"], top_k=body["top_k"], mode=body["mode"])
            return SearchResponse.from_result(found).model_dump(mode="json")
        history = [Turn(**turn) for turn in body.get("history", [])]
        answer = library.ask(body["question"], history=history, top_k=body.get("top_k", 10))
        return AskResponse.from_answer(answer).model_dump(mode="json")

    monkeypatch.setattr(tool, "post", post)
    monkeypatch.setattr(sys, "argv", [tool.__name__, *arguments])
    capsys.readouterr()
    assert tool.main() == 0
    return json.loads(capsys.readouterr().out)


def test_the_answer_figures_are_those_of_the_tool(
    sample_library: Library, sample_outcomes: list[Outcome], monkeypatch: Any, capsys: Any
) -> None:
    gold, corpus = str(QUESTIONS), str(sample_path())
    told = said_by(
        scorer("score_qa"), sample_library, monkeypatch, capsys, "--gold", gold, "--corpus", corpus, "--json"
    )
    assert_agree(figures_by_type(sample_outcomes), told["types"])
    assert_agree({"total": figures_over_all(sample_outcomes)}, {"total": told["total"]})


def test_the_retrieval_figures_are_those_of_the_tool(
    sample_library: Library, sample_questions: QuestionFile, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    tool = scorer("score_retrieval")
    ids = {article.title: article.article_id for article in sample_library.articles(limit=100).items}
    lines = [
        {"question": item.question, "article_ids": [ids[name] for name in item.article_ids], "answers": item.answers}
        for item in sample_questions.items
        if item.answerable and set(item.article_ids) <= ids.keys()
    ]
    path = write_lines(tmp_path / "q.jsonl", *map(json.dumps, lines))
    told = said_by(
        tool,
        sample_library,
        monkeypatch,
        capsys,
        "--questions",
        str(path),
        "--limit",
        "20",
        "--ask",
        "--mode",
        "lexical",
    )
    measurement = Measurement(sample_library, Sources(sample_path()), Options(mode="lexical", ask=True))
    measurement.run(read_questions(path).draw(20, 0))
    figures = figures_over_all(measurement.outcomes)
    assert figures["n"] == told.pop("questions") == 20
    assert_agree({"retrieval": figures}, {"retrieval": told})


def assert_agree(ours: dict[str, dict[str, float]], theirs: dict[str, dict[str, float]]) -> None:
    """Every figure that the tool tells is ours to three decimals, times left out."""
    assert ours.keys() == theirs.keys()
    for name, figures in theirs.items():
        timeless = {figure: value for figure, value in figures.items() if not figure.endswith("_ms")}
        assert {figure: ours[name][figure] for figure in timeless} == pytest.approx(timeless, abs=5e-4)
