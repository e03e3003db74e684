"""The measurements run, and what they count is what they say."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import answering, embedding, retrieval
from bench.answering import SIGNALS, Case, as_vector, signals_of
from bench.common import Asked, draw, read_questions
from rag.answering.evidence import EvidenceFinder, Weights, make_query
from rag.answering.question import parse_question
from rag.embedding.base import Embedder
from rag.errors import ExitCode, InputError
from rag.index.store import Store
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from tests.rag.embedding.conftest import make_tiny

RECORDS = [
    {
        "id": f"town-{number}",
        "title": f"{town}的新码头",
        "text": f"{town}昨天开了一座新码头。码头长{length}米，能停{boats}条渔船。"
        f"负责人{name}说，票价两元。镇上的人都来看热闹。",
    }
    for number, (town, length, boats, name) in enumerate(
        [
            ("白沙镇", 120, 14, "陆小川"),
            ("青屿镇", 95, 9, "方一禾"),
            ("石湾镇", 210, 33, "乔望山"),
            ("柳溪镇", 64, 5, "程海月"),
        ]
    )
]
QUESTIONS = [
    {"question": asked, "article_ids": [record["id"]], "answers": [answer]}
    for record in RECORDS
    for asked, answer in (
        ("码头能停几条渔船？", re.findall(r"停(\d+条)", record["text"])[0]),
        ("码头的负责人是谁？", re.findall(r"负责人(\w{3})说", record["text"])[0]),
    )
]


def write_lines(path: Path, entries: Sequence[object]) -> Path:
    content = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def cells_of(printed: str, way: str) -> list[str]:
    """The figures of the table row that opens with `way`."""
    [line] = [line for line in printed.splitlines() if line.startswith(f"| {way} |")]
    return [cell.strip() for cell in line.strip("| ").split("|")][1:]


def test_embedding_compares_both_on_the_same_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WENBAO_CACHE", str(tmp_path / "cache"))
    folder = make_tiny(tmp_path / "model", prompts={"query": "q: ", "passage": "p: "})
    texts = write_lines(tmp_path / "texts.jsonl.gz", RECORDS)
    assert embedding.main([str(texts), "--limit", "3", "--rounds", "2", "--model", str(folder)]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert printed.startswith("3 texts of ")
    # Another prompt, length limit or order of texts on one side would show here.
    worst = re.search(r"worst (\S+)", printed)
    assert worst is not None
    assert float(worst[1]) > 0.98
    for row in ("passages", "a query"):
        low, middle, high = map(float, re.findall(r"([\d.]+)×", cells_of(printed, row)[2]))
        assert 0 < low <= middle <= high


def test_the_samples_chunks_are_embedded_when_no_file_is_given() -> None:
    texts = embedding._texts(None)
    assert len(texts) > 20
    assert all(text.strip() for text in texts)


def test_retrieval_counts_the_first_right_article(
    sample_index: Settings, opened_once: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generation = Store(sample_index.vectors).current()
    titled = [article for article in generation.articles() if len(article.title) > 8][:6]
    questions = [{"question": article.title, "article_ids": [article.article_id]} for article in titled]
    questions += [{"question": " ", "article_ids": ["x"]}, {"question": "码头", "article_ids": []}]
    path = write_lines(tmp_path / "questions.jsonl", questions)
    generation.close()
    assert retrieval.main(["--questions", str(path), "--vectors", str(sample_index.vectors)]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert printed.startswith(f"{len(titled)} questions, 1 empty and 1 without an article left out")
    for way in ("dense", "lexical", "hybrid", "reciprocal ranks"):
        first, five, ten, reciprocal = map(float, cells_of(printed, way)[:4])
        assert 0 < first <= five <= ten <= 1
        assert first <= reciprocal <= ten
    assert cells_of(printed, "hybrid")[2] == "1.000"  # a headline finds its article


def test_ranks_count_articles_and_not_chunks(sample_index: Settings) -> None:
    generation = Store(sample_index.vectors).current()
    rows = list(range(len(generation)))
    order = list(dict.fromkeys(generation.article_of(row).article_id for row in rows))
    assert retrieval.rank_of([order[0]], generation, rows) == 1
    assert retrieval.rank_of([order[6], order[3]], generation, rows) == 4
    assert retrieval.rank_of([order[retrieval.DEPTH]], generation, rows) is None
    generation.close()


def test_hybrid_is_what_the_retriever_returns(sample_index: Settings, embedder: Embedder) -> None:
    generation = Store(sample_index.vectors).current()
    retriever = Retriever(generation, embedder)
    query = "工会为职工办了什么实事"
    rows = retrieval.ways(retriever)["hybrid"](query, embedder.embed_query(query))[:10]
    found = [hit.chunk.chunk_id for hit in retriever.search(query).hits]
    assert [generation.chunk(row).chunk_id for row in rows] == found
    generation.close()


def test_answering_picks_and_fits(opened_once: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = write_lines(tmp_path / "records.jsonl.gz", RECORDS)
    odd = [
        {"question": "", "article_ids": ["town-0"], "answers": ["两元"]},
        {"question": "票价多少？", "article_ids": ["elsewhere"], "answers": ["两元"]},
        {"question": "票价多少？", "article_ids": ["town-0"], "answers": ["七百元"]},
    ]
    questions = write_lines(tmp_path / "questions.jsonl", [*QUESTIONS, *odd])
    arguments = ["--questions", str(questions), "--corpus", str(corpus), "--fit"]
    assert answering.main(arguments) == ExitCode.OK
    printed = capsys.readouterr().out
    assert printed.startswith(f"{len(QUESTIONS)} questions, ")
    assert "1 empty, 1 without passage or answer, 1 whose answer" in printed
    assert float(cells_of(printed, "all signals, as shipped")[0]) >= 0.75
    assert len(cells_of(printed, "all signals, cross-validated")) == 2
    assert cells_of(printed, "coverage") == ["1.00", "1.00"]
    assert cells_of(printed, "prior")[0] == cells_of(printed, "prior")[1]  # alike for all sentences of a passage
    answering.main(arguments)
    assert capsys.readouterr().out == printed


def test_the_signals_add_up_to_the_score(sample_index: Settings, embedder: Embedder) -> None:
    generation = Store(sample_index.vectors).current()
    articles = [(article, 0.5) for article in list(generation.articles())[:4]]
    for asked in ("多少名职工参加了活动？", "这篇报道的记者是谁？", "活动在哪里举行？", "什么时候开始的？"):
        query = make_query(parse_question(asked), generation, embedder)
        for evidence in EvidenceFinder(embedder).find(query, articles, reranked=8):
            added = float(np.dot(signals_of(query, evidence), as_vector(Weights())))
            assert added == pytest.approx(evidence.score)
    generation.close()


def test_fitting_finds_the_signal_that_decides() -> None:
    random = np.random.default_rng(0)
    focus = SIGNALS.index("focus")
    cases = []
    for _ in range(60):
        signals = random.random((6, len(SIGNALS)))
        right = np.zeros(6, bool)
        right[np.argmax(3 * signals[:, focus] + signals[:, 0])] = True
        cases.append(Case(signals, right))
    fitted = answering.fit(cases)
    assert np.argmax(fitted) == focus
    assert fitted[0] == pytest.approx(1.0)
    assert answering.accuracy(cases, fitted)[0] > answering.accuracy(cases, as_vector(Weights()))[0]
    assert answering.cross_validated(cases)[0] > 0.8


@given(st.lists(st.integers(), unique=True), st.integers(1, 20))
def test_a_draw_is_the_same_each_time_and_no_larger(entries: list[int], limit: int) -> None:
    drawn = draw(entries, limit)
    assert drawn == draw(entries, limit)
    assert len(drawn) == len(set(drawn)) == min(limit, len(entries))
    assert set(drawn) <= set(entries)
    assert draw(entries, None) == entries


def test_empty_questions_are_counted(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "questions.jsonl", [{"question": " 谁？", "article_ids": ["a"]}, {"question": ""}])
    assert read_questions(path, None) == ([Asked("谁？", ("a",), ())], 1)


@pytest.mark.parametrize("content", ["", "[1]\n", "{\n", '{"question": ""}\n'])
def test_questions_that_cannot_be_used_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_questions(path, None)
    assert str(path) in refused.value.message
    assert refused.value.hint


def test_a_refusal_is_told_with_its_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = write_lines(tmp_path / "questions.jsonl", QUESTIONS)
    status = retrieval.main(["--questions", str(questions), "--vectors", str(tmp_path / "none")])
    assert status == ExitCode.INDEX
    assert "hint: " in capsys.readouterr().err
