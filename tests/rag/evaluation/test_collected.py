"""A collection is indexed once, by itself, and every mode is measured on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.cli.main import run
from rag.embedding.deferred import DeferredEmbedder
from rag.embedding.model import models_folder
from rag.embedding.onnx import OnnxEmbedder
from rag.errors import ExitCode
from rag.evaluation.collected import MODES, drawn, ranked
from rag.evaluation.collection import Query
from rag.library import Library
from rag.types import Article, Chunk, Hit, Ranks
from tests.rag.evaluation.collections import DOCUMENTS, QUERIES, write_beir, write_folders, write_lines

pytestmark = pytest.mark.usefixtures("opened_once")


@pytest.fixture
def cache(tmp_path: Path, workdir: Path, embedder: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, in which the prepared models lie; the bundled one is open already."""
    monkeypatch.setattr(DeferredEmbedder, "load", lambda _: embedder)
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "models").symlink_to(models_folder(), target_is_directory=True)
    monkeypatch.setenv("WENBAO_CACHE", str(folder))
    return folder


@pytest.fixture
def town(tmp_path: Path, cache: Path) -> Path:
    (tmp_path / "town").mkdir()
    return write_beir(tmp_path / "town")


def test_every_mode_is_measured(town: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", str(town)]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("town/test: 3 questions in ")
    assert lines[1].startswith(f"{len(DOCUMENTS)} documents, ")
    header = lines[3].split()
    assert header[:7] == ["mode", "ndcg@10", "recall@1", "recall@5", "recall@10", "recall@100", "mrr@10"]
    rows = {row.split()[0]: row.split()[1:7] for row in lines[4:]}
    assert tuple(rows) == MODES
    # Few documents, each about something else: whatever is asked for stands first, but for the second of two.
    assert rows["lexical"] == ["1.000", "0.833", "1.000", "1.000", "1.000", "1.000"]
    assert not (town.parent / "vectors").exists()
    assert [path.name for path in cache.iterdir()] == ["models", "collections"]


def test_the_index_is_kept_and_built_once(
    town: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", str(town), "--json"]) == ExitCode.OK
    first = json.loads(capsys.readouterr().out)
    monkeypatch.setattr(OnnxEmbedder, "embed_passages", None)
    moved = town.rename(town.parent / "moved")
    assert run(["eval", str(moved), "--mode", "lexical", "--json"]) == ExitCode.OK
    second = json.loads(capsys.readouterr().out)
    assert second["index"]["generation"] == first["index"]["generation"]
    assert [one["type"] for one in second["outcomes"]] == ["lexical"] * 3
    assert second["types"]["lexical"] == first["types"]["lexical"]
    assert (first["pooled"], first["file"], second["file"]) == (False, "town/test", "moved/test")


def test_it_stays_on_this_disk_wherever_passages_live_otherwise(
    town: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WENBAO_STORE", "milvus://127.0.0.1:9/mine")
    assert run(["eval", str(town), "--mode", "lexical"]) == ExitCode.OK
    assert "7 documents" in capsys.readouterr().out


def test_other_documents_have_another_index(town: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", str(town), "--mode", "lexical"]) == ExitCode.OK
    write_lines(town / "corpus.jsonl", [*DOCUMENTS, {"_id": "more", "title": "", "text": "又来了一篇。"}])
    assert run(["eval", str(town), "--mode", "lexical"]) == ExitCode.OK
    assert "8 documents" in capsys.readouterr().out
    assert len(list((cache / "collections").iterdir())) == 2


def test_a_run_that_is_broken_off_goes_on_where_it_was(
    town: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import rag.index.building.vector_stage as stage

    monkeypatch.setattr(stage, "_EMBEDDED_AT_ONCE", 2)
    embedded, embed = [], OnnxEmbedder.embed_passages

    def broken_off(embedder: OnnxEmbedder, texts: list[str], progress: object = None) -> object:
        if len(embedded) == 4:
            raise KeyboardInterrupt
        embedded.extend(texts)
        return embed(embedder, texts)

    monkeypatch.setattr(OnnxEmbedder, "embed_passages", broken_off)
    assert run(["eval", str(town)]) == ExitCode.INTERRUPTED
    assert "run it again to go on" in capsys.readouterr().err
    more: list[str] = []
    monkeypatch.setattr(
        OnnxEmbedder, "embed_passages", lambda one, texts, progress=None: (more.extend(texts), embed(one, texts))[1]
    )
    assert run(["eval", str(town), "--json"]) == ExitCode.OK
    chunks = json.loads(capsys.readouterr().out)["index"]["counts"]["chunks"]
    assert len(more) == chunks - 4
    assert not set(more) & set(embedded)


def test_documents_without_text_are_their_title_or_left_out(
    town: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extra = [{"_id": "headline", "title": "冰库今天开门", "text": ""}] + [{"_id": f"e{n}", "text": " "} for n in (1, 2)]
    extra.append(DOCUMENTS[0] | {"text": "同一个号的另一篇。"})
    write_lines(town / "corpus.jsonl", [*DOCUMENTS, *extra])
    assert run(["eval", str(town), "--mode", "lexical"]) == ExitCode.OK
    told = capsys.readouterr().out
    assert f"{len(DOCUMENTS) + 1} documents" in told
    assert "corpus.jsonl:9: has neither title nor text, and so 1 more" in told
    assert "corpus.jsonl:11: its id was taken already at corpus.jsonl:1" in told
    assert run(["eval", str(town), "--mode", "lexical"]) == ExitCode.OK
    assert "corpus.jsonl:9: has neither title nor text, and so 1 more" in capsys.readouterr().out


def test_runs_can_be_compared(town: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", str(town), "--save", "before.json"]) == ExitCode.OK
    capsys.readouterr()
    (town / "qrels" / "test.tsv").write_text("q1\tbridge\t1\nq3\tbridge\t1\n", encoding="utf-8")
    assert run(["eval", str(town), "--baseline", "before.json"]) == ExitCode.REGRESSION
    told = capsys.readouterr().out
    assert "of lexical" in told
    assert "of total" not in told
    assert "lexical q1 (lexical): ndcg@10 1.00 → " in told
    assert "(asked only before: 3; only now: 0)" in told


def test_long_queries_are_read_up_to_what_can_be_asked(
    town: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lines(town / "queries.jsonl", [{"_id": "q1", "text": "三沙渔港的冰库能存多少冰？" * 300}])
    assert run(["eval", str(town), "--mode", "lexical", "--json"]) == ExitCode.OK
    (outcome,) = json.loads(capsys.readouterr().out)["outcomes"]
    assert (outcome["error"], outcome["marks"]["mrr@10"], len(outcome["question"])) == ("", 1.0, 2000)


def test_an_interruption_prints_whole_queries(
    town: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    search, asked = Library.search, []

    def broken_off(library: Library, query: str, **options: object) -> object:
        asked.append(query)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return search(library, query, **options)

    monkeypatch.setattr(Library, "search", broken_off)
    assert run(["eval", str(town), "--json"]) == ExitCode.INTERRUPTED
    told = json.loads(capsys.readouterr().out)
    assert told["interrupted"]
    assert [one["type"] for one in told["outcomes"]] == list(MODES)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--ask"], "--ask cannot be had with a collection"),
        (["--top-k", "5", "--answerer", "auto"], "--top-k and --answerer cannot be had with a collection"),
        (["--split", "dev"], "has no judgements qrels/dev.tsv; there are: test.tsv"),
        (["--save", "no/such/run.json"], "there is no folder"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_indexed(
    town: Path, cache: Path, flags: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", str(town), *flags]) == ExitCode.USAGE
    assert told in capsys.readouterr().err
    assert not (cache / "collections").exists()


def test_a_split_is_no_matter_of_a_file(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lines(workdir / "q.jsonl", QUERIES)
    assert run(["eval", "q.jsonl", "--split", "test"]) == ExitCode.USAGE
    assert "--split cannot be had with a file of questions" in capsys.readouterr().err


def test_parquet_is_measured_as_well(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hub").mkdir()
    assert run(["eval", str(write_folders(tmp_path / "hub")), "--mode", "lexical"]) == ExitCode.OK
    assert "hub/test: 3 questions" in capsys.readouterr().out


def test_copies_rank_behind_what_is_shown_and_the_query_itself_not_at_all() -> None:
    def hit(name: str, *others: str) -> Hit:
        articles = [Article(other, f"c#{other}", (), (), "", ()) for other in (name, *others)]
        chunk = Chunk(f"{name}-1", name, 0, 0, "", (), "", "")
        return Hit(1, chunk, articles[0], 1.0, Ranks(), tuple(articles[1:]))

    assert ranked([hit("a", "c"), hit("q"), hit("a", "c"), hit("b")], "q") == ["a", "c", "b"]


def test_a_draw_is_the_same_for_the_same_seed() -> None:
    queries = [Query(str(number), "", {}) for number in range(9)]
    assert drawn(queries, None, 1) == drawn(queries, 9, 1) == queries
    assert drawn(queries, 3, 1) == drawn(queries, 3, 1) != drawn(queries, 3, 2)
