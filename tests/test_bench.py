"""The measurements run, and what they count is what they say."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import answering, embedding, retrieval
from bench.answering import SIGNALS, Case, as_vector, signals_of
from bench.common import Asked, draw, read_questions
from bench.peers import __main__ as peers
from bench.peers import material, report, runs, worker
from bench.peers.engines import base, faiss_flat, rank_bm25, wenbao
from bench.peers.material import Sizes
from bench.peers.rows import OURS, ROWS
from bench.peers.runs import Results, Runner
from rag.answering.finding.evidence import EvidenceFinder, Weights, make_query
from rag.answering.reading.question import parse_question
from rag.embedding.base import Embedder
from rag.errors import ExitCode, InputError
from rag.index.storage.store import Store
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


@pytest.fixture
def peers_material(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What all libraries are given, with a tiny model in the place of the bundled one."""
    monkeypatch.setenv("WENBAO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        material, "_write_model", lambda folder: make_tiny(folder, prompts={"query": "", "passage": ""})
    )
    by_headline = {"question": "哪里有新码头？", "article_ids": [RECORDS[0]["title"]]}
    follow_up = {"question": "那里呢？", "article_ids": ["town-0"], "history": [{"role": "user", "content": "？"}]}
    unknown = {"question": "谁？", "article_ids": ["elsewhere"]}
    asked = [*QUESTIONS, by_headline, follow_up, unknown, {"question": " ", "article_ids": ["town-1"]}]
    wanted = material.Wanted(
        corpus=(write_lines(tmp_path / "records.jsonl.gz", RECORDS),),
        questions=write_lines(tmp_path / "questions.jsonl", asked),
        passages=100,
        small=2,
        limit=100,
    )
    material.prepare(wanted, tmp_path / "work")
    return tmp_path / "work"


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
    bare = printed.splitlines()[-1]
    assert bare.startswith("of the speed of a bare loop over ONNX Runtime: ")
    for ratios in (cells_of(printed, "passages")[2], cells_of(printed, "a query")[2], bare):
        low, middle, high = map(float, re.findall(r"([\d.]+)×", ratios))
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


def test_all_are_given_the_passages_that_wenbao_indexes(peers_material: Path, tmp_path: Path) -> None:
    passages = base.read_passages(peers_material / material.PASSAGES)
    place = tmp_path / "place"
    wenbao.lay_out(place, peers_material / material.RECORDS, peers_material / material.EDITED)
    engine = wenbao.make(place, peers_material / material.MODEL, str(peers_material / material.MODEL))
    engine.load_model()
    engine.build(passages, None)
    generation = Store(place / "vectors").current()
    assert {one.text for one in passages} == {generation.chunk(row).indexed_text for row in range(len(generation))}
    generation.close()
    with pytest.raises(ValueError, match="passages"):
        engine.build(passages[1:], None)


@pytest.mark.parametrize("module", [wenbao, faiss_flat, rank_bm25])
def test_an_edit_is_searched_and_kept(module: Any, peers_material: Path, tmp_path: Path) -> None:
    model = peers_material / material.MODEL
    place = tmp_path / "place"
    wenbao.lay_out(place, peers_material / material.RECORDS, peers_material / material.EDITED)
    passages = base.read_passages(peers_material / material.PASSAGES)
    anew = base.read_passages(peers_material / material.EDIT)
    assert any(material.ADDED in one.text for one in anew)
    module.make(place, model, str(model)).build(passages, None)
    engine = module.make(place, model, str(model))
    engine.open()
    before = engine.search("码头能停几条渔船", 30)
    assert set(before) <= {record["id"] for record in RECORDS}
    assert len(before) == len(passages)
    engine.replace(anew[0].article, anew)
    again = module.make(place, model, str(model))
    again.open()
    assert len(again.search("码头能停几条渔船", 30)) == len(passages) - _count(passages, anew) + len(anew)
    if module is not faiss_flat:  # the tiny model knows nothing of words
        assert again.search(material.ADDED_QUESTION, 1) == [anew[0].article]


def test_vectors_that_are_handed_in_are_the_librarys_own(peers_material: Path, tmp_path: Path) -> None:
    asked = {
        "passages": peers_material / material.PASSAGES,
        "vectors": tmp_path / "v",
        "model": peers_material / "model",
    }
    total = len(base.read_passages(peers_material / material.PASSAGES))
    assert worker.embed(asked) == {"passages": total, "made": total}
    assert worker.embed(asked) == {"passages": total, "made": 0}
    found = []
    for vectors in (None, worker.read_vectors(tmp_path / "v")):
        place = tmp_path / f"place-{vectors is None}"
        place.mkdir()
        engine = faiss_flat.make(place, peers_material / material.MODEL, "default")
        engine.build(base.read_passages(peers_material / material.PASSAGES), vectors)
        engine.open()
        found.append(engine.search("负责人是谁", 30))
    assert found[0] == found[1]


def test_questions_are_those_that_can_be_answered(peers_material: Path) -> None:
    asked = material.read_questions(peers_material)
    assert len(asked) == len(QUESTIONS) + 1
    assert ("哪里有新码头？", {"town-0"}) in asked  # named by its headline
    assert all(articles <= {record["id"] for record in RECORDS} for _, articles in asked)


def test_material_is_made_once_and_anew_for_other_wishes(peers_material: Path, tmp_path: Path) -> None:
    corpus = write_lines(tmp_path / "records.jsonl", RECORDS)
    questions = write_lines(tmp_path / "questions.jsonl", QUESTIONS)
    wanted = material.Wanted((corpus,), questions, passages=2, small=1, limit=2)
    sizes = material.prepare(wanted, tmp_path / "work")
    assert (sizes.articles, sizes.questions) == (2, 2)
    (tmp_path / "work" / material.RESULTS).write_text("{}", encoding="utf-8")
    assert material.prepare(wanted, tmp_path / "work") == sizes
    assert (tmp_path / "work" / material.RESULTS).exists()
    more = material.prepare(replace(wanted, passages=3), tmp_path / "work")
    assert more.articles == 3
    assert not (tmp_path / "work" / material.RESULTS).exists()  # it was measured on something else


def test_every_step_runs_once_and_a_failure_says_why(peers_material: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = Sizes(**json.loads((peers_material / material.SIZES).read_text(encoding="utf-8")))
    pythons = (Path(sys.executable), Path(sys.executable))
    by_key = {row.key: row for row in ROWS}
    row, lost = by_key["rank-bm25"], replace(by_key["faiss"], module="faiss_round")
    results = Runner(peers_material, sizes, pythons).measure([row, lost])
    assert set(results.rows["rank-bm25"]) == {"load", "indexing", "build", "query", "cold", "edit"}
    assert results.rows["rank-bm25"]["edit"]["rank"] == 1
    assert len(results.rows["rank-bm25"]["query"]["seconds"]) == sizes.questions
    assert "faiss_round" in results.rows["faiss"]["error"]
    assert results.versions["rank-bm25"]["rank-bm25"]

    done = []
    monkeypatch.setattr(runs, "run_step", lambda _, asked: (done.append(asked["step"]) or {}, 0.0))
    again = Runner(peers_material, sizes, pythons)
    assert again.results.rows == results.rows
    again.measure([row])
    assert done == ["versions"]
    printed = report.tables(results)
    assert f"{lost.label}: build failed" in printed
    figures = printed.partition("## Figures")[2]
    assert (
        cells_of(figures, "rank-bm25 with jieba")[4]
        == f"{report.recall(results.rows['rank-bm25']['query']['ranks'], 1):.3f}"
    )


@given(st.lists(st.sampled_from("abcdefghijklmnop")), st.sets(st.sampled_from("abcdefghijklmnop"), min_size=1))
def test_a_rank_counts_articles_once(found: list[str], right: set[str]) -> None:
    rank = worker.rank_of(right, found)
    order = sorted(set(found), key=found.index)
    assert rank == worker.rank_of(right, order)
    if rank is None:
        assert not right & set(order[: worker.DEPTH])
    else:
        assert order[rank - 1] in right
        assert not right & set(order[: rank - 1])


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6))
def test_a_ratio_above_one_is_a_lead(ours: float, theirs: float) -> None:
    for column in report.COLUMNS:
        leads = ours > theirs if column.larger_is_better else ours < theirs
        assert (report.ratio(column, ours, theirs) > 1) == leads or ours == pytest.approx(theirs)


def made_up_results() -> Results:
    """wenbao quicker than FAISS and behind it in recall; rank-bm25 quicker than both."""
    sizes = Sizes("digest", 40, 200, 30_000, 20, 4, 3)
    ranks = {OURS: [1, 1, 2, None], "faiss": [1, 1, 1, 4], "rank-bm25": [1, None, None, None]}
    speed = {OURS: 1.0, "faiss": 2.5, "rank-bm25": 0.5}
    rows = {
        key: {
            "indexing": {"seconds": factor, "passages": 20, "peak_mb": 10.0},
            "query": {"ranks": ranks[key], "seconds": [0.01 * factor] * 4, "peak_mb": 100 * factor},
            "cold": {"seconds": 3 * factor},
            "edit": {"seconds": 4 * factor, "rank": 1},
        }
        for key, factor in speed.items()
    }
    versions = {key: {"python": "3.11", key: "1.0"} for key in rows}
    return Results(sizes, {"processor": "an abacus", "cores": "2", "system": "Linux"}, "2024-05-01", versions, rows)


def test_the_tables_say_who_leads_and_losses_have_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_up_results().write(tmp_path / "page.json")
    assert peers.main(["--render", str(tmp_path / "page.json")]) == ExitCode.OK
    printed = capsys.readouterr().out
    ratios, figures = printed.split("## Figures")
    assert cells_of(ratios, "sentence-transformers + FAISS") == [
        *("2.50", "2.50", "2.50", "2.50"),  # indexing, edit, query
        *("**0.67**", "**0.75**"),  # recall: 2 and 3 of 4 against 3 and 4
        *("2.50", "2.50"),
    ]
    assert cells_of(figures, "wenbao")[:4] == ["20.0", "4.0", "10.0", "10.0"]
    assert "rank-bm25 with jieba, query p50: 5.0 against our 10.0: it embeds no question." in printed
    assert "sentence-transformers + FAISS, recall@1: 0.750 against our 0.500: the standard error" in printed


def test_the_page_and_its_results_are_written_together(tmp_path: Path) -> None:
    made_up_results().write(tmp_path / "kept.json")
    page = tmp_path / "page.md"
    assert peers.main(["--render", str(tmp_path / "kept.json"), "--write", str(page)]) == ExitCode.OK
    written = page.read_text(encoding="utf-8")
    assert "40 articles, 200 passages" in written
    assert "an abacus" in written
    assert Results.read(tmp_path / "page.json") == made_up_results()
    before = written
    peers.main(["--render", str(tmp_path / "page.json"), "--write", str(page)])
    assert page.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--corpus", "records.jsonl"], "--questions"),
        (["--corpus", "none.jsonl", "--questions", "none.jsonl"], "none.jsonl"),
        (["--render", "none.json"], "none.json"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert peers.main([*arguments, "--work", str(tmp_path)]) == ExitCode.USAGE
    printed = capsys.readouterr().err
    assert told in printed
    assert "hint: " in printed


def _count(passages: Sequence[base.Passage], anew: Sequence[base.Passage]) -> int:
    return sum(one.article == anew[0].article for one in passages)
