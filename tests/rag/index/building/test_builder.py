"""Work in proportion to the change: what is embedded, kept, removed and reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rag.errors import CorpusEmpty, CorpusMissing, IndexMissing
from rag.index.building import build, reading, vector_stage
from rag.index.building.builder import build_index
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.index.text.analyzer import Analyzer
from rag.index.text.terms import hash_terms
from rag.settings import Settings
from rag.types import IndexReport, Progress
from tests.rag.index.fakes import WordEmbedder, records, write_records


class Bench:
    """A corpus, its index, and a count of what was embedded."""

    def __init__(self, folder: Path) -> None:
        self.corpus = folder / "corpus"
        self.settings = Settings(corpus=self.corpus, vectors=folder / "vectors")
        self.embedder = WordEmbedder()

    def write(self, name: str, content: list[dict[str, object]]) -> None:
        write_records(self.corpus / name, content)

    def build(self) -> IndexReport:
        self.embedder.texts.clear()
        return build_index(self.settings, embedder=self.embedder)

    def open(self) -> Generation:
        return Store(self.settings.vectors).current()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.write("a.jsonl", records("a"))
    made.write("b.jsonl", records("b"))
    return made


def _state(generation: Generation) -> list[tuple[str, str, bytes, int]]:
    """Everything a search could see of each chunk, in a form that ignores where it stands."""
    counts = generation.words.term_counts()
    state = []
    for row in range(len(generation)):
        chunk = generation.chunk(row)
        vector = generation.vectors.vectors(np.array([row], np.int64)).tobytes()
        state.append((chunk.article_id, chunk.text, vector, int(np.diff(counts.offsets)[row])))
    return state


def test_the_first_run_embeds_every_chunk_once(bench: Bench) -> None:
    report = bench.build()
    assert report.changed
    assert report.embedded == len(bench.embedder.texts) == report.counts.chunks > 12
    assert (report.kept, report.removed, report.skipped) == (0, 0, ())
    assert (report.counts.sources, report.counts.articles) == (2, 12)
    assert report.counts.characters == sum(article.chars for article in bench.open().articles())


def test_no_change_makes_no_generation(bench: Bench) -> None:
    first, second = bench.build(), bench.build()
    assert not second.changed
    assert bench.embedder.texts == []
    assert (second.generation, second.counts) == (first.generation, first.counts)
    assert second.kept == first.counts.chunks


def test_one_edited_article_embeds_its_changed_chunks_alone(bench: Bench) -> None:
    bench.build()
    changed = records("a")
    changed[2]["text"] = str(changed[2]["text"]) + "末尾加了一句关于灯塔的话。"
    bench.write("a.jsonl", changed)
    report = bench.build()
    assert 1 <= report.embedded == len(bench.embedder.texts) <= 2
    assert all("灯塔" in text for text in bench.embedder.texts)
    assert report.removed == report.embedded
    assert bench.open().words.document_frequency(["灯塔"]).tolist() == [report.embedded]


@pytest.mark.parametrize("target", ["z.jsonl", "deep/er/a.jsonl"])
def test_a_rename_embeds_nothing(target: str, bench: Bench) -> None:
    bench.build()
    place = bench.corpus / target
    place.parent.mkdir(parents=True, exist_ok=True)
    (bench.corpus / "a.jsonl").rename(place)
    report = bench.build()
    assert (report.changed, report.embedded, report.removed) == (True, 0, 0)
    assert bench.open().article("a1").source == f"{target}#a1"


def test_a_deleted_file_leaves_no_trace(bench: Bench) -> None:
    first = bench.build()
    (bench.corpus / "a.jsonl").unlink()
    report = bench.build()
    generation = bench.open()
    assert report.embedded == 0
    assert report.removed == first.counts.chunks - report.counts.chunks
    assert {article.article_id[0] for article in generation.articles()} == {"b"}
    assert generation.words.document_frequency(["a1", "b1"]).tolist()[0] == 0
    assert len(generation.vectors) == len(generation.words) == report.counts.chunks
    assert generation.list_articles(q="编号a").items == ()


def test_step_by_step_is_the_same_as_at_once(bench: Bench, tmp_path: Path) -> None:
    bench.build()
    bench.write("0.jsonl", records("n", 3))
    bench.build()
    (bench.corpus / "b.jsonl").unlink()
    edited = records("a")
    del edited[1]
    bench.write("a.jsonl", edited)
    bench.build()
    anew = Bench(tmp_path)
    anew.settings = Settings(corpus=bench.corpus, vectors=tmp_path / "anew")
    anew.build()
    assert _state(bench.open()) == _state(anew.open())
    bench.open().verify()


def test_unchanged_files_are_not_split_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.build()
    bench.write("c.jsonl", records("c", 1))
    split = []
    genuine = reading.split_page
    monkeypatch.setattr(reading, "split_page", lambda page: split.append(page.source) or genuine(page))
    bench.build()
    assert split == ["c.jsonl#c0"]


def test_unchanged_records_of_a_changed_file_are_not_split_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bench.build()
    split = []
    genuine = reading.split_page
    monkeypatch.setattr(reading, "split_page", lambda page: split.append(page.source) or genuine(page))
    changed = records("a")
    changed[2]["byline"] = "本报记者 林舟"
    changed.insert(4, changed.pop(0))
    bench.write("a.jsonl", [{"id": "new", "text": "码头来了一条新船。"}, *changed])
    bench.build()
    assert split == ["a.jsonl#new", "a.jsonl#a2"]
    anew = Bench(tmp_path)
    anew.settings = Settings(corpus=bench.corpus, vectors=tmp_path / "anew")
    anew.build()
    assert list(bench.open().articles()) == list(anew.open().articles())
    assert _state(bench.open()) == _state(anew.open())


def test_another_way_of_cutting_splits_again_and_keeps_equal_chunks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.build()
    monkeypatch.setattr(build, "splitter_label", lambda: "another")
    report = bench.build()
    assert (report.changed, report.embedded) == (True, 0)


def test_other_terms_are_cut_anew_without_embedding(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.build()
    monkeypatch.setattr(build, "terms_label", lambda: "another")
    monkeypatch.setattr(Analyzer, "term_hashes", lambda *_: hash_terms(["everywhere"]))
    report = bench.build()
    assert (report.changed, report.embedded) == (True, 0)
    assert bench.open().words.document_frequency(["everywhere"]).tolist() == [report.counts.chunks]


def test_another_model_embeds_everything_anew(bench: Bench) -> None:
    first = bench.build()
    bench.embedder = WordEmbedder("beef")
    report = bench.build()
    assert report.embedded == first.counts.chunks
    assert bench.open().manifest.model_fingerprint == "beef"


def test_equal_texts_are_embedded_once_and_told_apart(bench: Bench) -> None:
    twin = {"title": "同文", "text": "两地报纸登了同一条消息。"}
    bench.write("a.jsonl", [{"id": "x", **twin}, {"id": "y", **twin}])
    (bench.corpus / "b.jsonl").unlink()
    report = bench.build()
    assert (report.counts.chunks, report.embedded) == (2, 1)
    generation = bench.open()
    chunks = [generation.chunk(row) for row in range(2)]
    assert chunks[0].key == chunks[1].key
    assert chunks[0].chunk_id != chunks[1].chunk_id
    assert [chunk.article_id for chunk in chunks] == ["x", "y"]


def test_an_interrupted_run_goes_on_from_there(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_stage, "_EMBEDDED_AT_ONCE", 4)
    bench.embedder = WordEmbedder(fail_after=8)
    with pytest.raises(KeyboardInterrupt):
        bench.build()
    with pytest.raises(IndexMissing):
        bench.open()
    bench.embedder = WordEmbedder()
    report = bench.build()
    assert report.embedded == len(bench.embedder.texts) == report.counts.chunks - 8
    assert not list(bench.settings.vectors.glob("journal-*")), "the journal goes once its vectors are published"
    anew = Bench(bench.corpus.parent)
    anew.settings = Settings(corpus=bench.corpus, vectors=bench.corpus.parent / "anew")
    anew.build()
    assert _state(bench.open()) == _state(anew.open())


def test_duplicate_ids_are_skipped_named_and_come_back(bench: Bench) -> None:
    bench.write("c.jsonl", [{"id": "a1", "text": "另一篇占了同一个编号的文章。"}])
    report = bench.build()
    assert [entry.where for entry in report.skipped] == ["c.jsonl:1"]
    assert "a.jsonl" in report.skipped[0].reason
    assert bench.build().skipped == report.skipped, "still named when nothing has changed"
    bench.write("d.jsonl", records("d", 1))
    assert [entry.where for entry in bench.build().skipped] == ["c.jsonl:1"], "still named when something else has"
    (bench.corpus / "a.jsonl").unlink()
    report = bench.build()
    assert report.skipped == ()
    assert bench.open().article("a1").source == "c.jsonl#a1"


def test_an_earlier_file_takes_an_id_from_an_unchanged_one(bench: Bench) -> None:
    bench.build()
    bench.write("0.jsonl", [{"id": "b2", "text": "排在前面的文章。"}])
    report = bench.build()
    assert [entry.where for entry in report.skipped] == ["b.jsonl:3"]
    assert bench.open().article("b2").text == "排在前面的文章。"


def test_bad_lines_and_files_are_in_the_report(bench: Bench) -> None:
    (bench.corpus / "b.jsonl").write_text('{"id": "ok", "text": "好的一行。"}\nnot json\n', encoding="utf-8")
    (bench.corpus / "notes.pdf").write_bytes(b"%PDF-1.7")
    (bench.corpus / "empty.txt").write_text("", encoding="utf-8")
    first = bench.build()
    wheres = {entry.where for entry in first.skipped}
    assert {"b.jsonl:2", "notes.pdf", "empty.txt"} <= wheres
    assert not bench.build().changed
    assert bench.open().manifest.skipped == first.skipped


def test_half_a_character_is_skipped_and_does_no_harm(bench: Bench) -> None:
    (bench.corpus / "b.jsonl").write_text(json.dumps({"id": "half", "text": "坏\ud800字"}), encoding="ascii")
    report = bench.build()
    assert len(report.skipped) == 1
    assert report.counts.articles == 6


@pytest.mark.parametrize("content", ["", "\n\n", "not json\n"])
def test_an_empty_corpus_leaves_the_old_index(content: str, bench: Bench) -> None:
    first = bench.build()
    (bench.corpus / "a.jsonl").write_text(content, encoding="utf-8")
    (bench.corpus / "b.jsonl").unlink()
    with pytest.raises(CorpusEmpty) as caught:
        bench.build()
    assert str(bench.corpus) in str(caught.value)
    assert bench.open().id == first.generation


def test_a_missing_corpus_makes_no_folder(tmp_path: Path) -> None:
    settings = Settings(corpus=tmp_path / "nowhere", vectors=tmp_path / "vectors")
    with pytest.raises(CorpusMissing):
        build_index(settings, embedder=WordEmbedder())
    assert not settings.vectors.exists()


def test_progress_counts_up_to_the_total(bench: Bench) -> None:
    seen: list[Progress] = []
    build_index(bench.settings, seen.append, WordEmbedder())
    assert [step.stage for step in seen if step.stage == "embedding"]
    for stage in {step.stage for step in seen}:
        done = [step.done for step in seen if step.stage == stage]
        assert done == sorted(done)
    last = [step for step in seen if step.stage == "embedding"][-1]
    assert last.done == last.total
    assert last.rate > 0
    assert last.seconds_left == 0


def test_pages_become_articles_with_their_own_sources(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    text = "渡口老桥修好了\n本报讯(记者 林小满)昨天，渡口老桥重新通车。村民说，过河近了。\n"
    (corpus / "p.txt").write_text(text, encoding="utf-8", newline="")
    settings = Settings(corpus=corpus, vectors=tmp_path / "vectors")
    build_index(settings, embedder=WordEmbedder())
    generation = Store(settings.vectors).current()
    for row in range(len(generation)):
        chunk = generation.chunk(row)
        quoted = "".join(text[start:end] for start, end in chunk.spans)
        assert "".join(quoted.split()) == "".join(chunk.text.split())
        assert generation.article_of(row).source == "p.txt"
