"""What comes out of an export is the index that went in."""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.embedding.base import Embedder
from rag.index.building.builder import build_index
from rag.index.exchange.exporting import export_index
from rag.index.exchange.importing import import_index
from rag.index.exchange.layout import ARTICLES, CHUNKS, FILE, SOURCES
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.library import Library
from rag.settings import Settings
from tests.rag.index.exchange.conftest import COST, DAM, Desk
from tests.rag.index.fakes import WordEmbedder, write_records

DATABASE_AND_MANIFEST = {"articles.sqlite", "manifest.json"}
"""Files of a generation that need not be the same byte for byte: pages are laid out as they were filled."""
QUESTIONS = ("哪些城市搭建了婚恋交友平台？", "记者采访了谁？", "去年的火星移民有多少人？")


@pytest.fixture(scope="module")
def imported(sample_index: Settings, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample, exported and imported."""
    folder = tmp_path_factory.mktemp("exchange")
    export_index(Store(sample_index.vectors), folder / "exported")
    elsewhere = Settings(vectors=folder / "vectors")
    report = import_index(elsewhere, folder / "exported", embedder)
    assert (report.embedded, report.kept) == (0, report.counts.chunks)
    return elsewhere


def test_every_file_of_the_sample_comes_back(sample_index: Settings, imported: Settings) -> None:
    with closing(live(sample_index)) as before, closing(live(imported)) as after:
        assert before.manifest.files.keys() == after.manifest.files.keys()
        for name in before.manifest.files.keys() - DATABASE_AND_MANIFEST:
            assert before.manifest.files[name] == after.manifest.files[name], name
        after.verify()
        same_contents(before, after)


def test_hits_and_citations_are_the_same(sample_index: Settings, imported: Settings, embedder: Embedder) -> None:
    here, there = (Library(one, Store(one.vectors), embedder) for one in (sample_index, imported))
    with closing(here), closing(there):
        for question in QUESTIONS:
            for mode in ("hybrid", "dense", "lexical"):
                assert here.search(question, mode=mode).hits == there.search(question, mode=mode).hits
            first, second = here.ask(question), there.ask(question)
            assert (first.answer, first.citations, first.hits) == (second.answer, second.citations, second.hits)
        assert here.ask(QUESTIONS[0]).citations


def test_documents_and_dictionary_come_along(desk: Desk) -> None:
    desk.load()
    with closing(live(desk.settings)) as before, closing(Store(desk.folder / "elsewhere").current()) as after:
        same_contents(before, after)
        assert after.source_text("dam.pdf") == before.source_text("dam.pdf") != ""
        offset = after.source_text("dam.pdf").index(COST[:4])
        assert (after.page_at("dam.pdf", 0), after.page_at("dam.pdf", offset)) == (1, 2)
        assert "松木坝" in after.analyzer.terms(DAM)
        assert after.manifest.skipped == before.manifest.skipped != ()
        assert after.manifest.corpus_files == before.manifest.corpus_files


def test_a_dictionary_that_was_not_exported_is_not_read(tmp_path: Path, desk: Desk) -> None:
    plain = desk.settings.model_copy(update={"userdict": None, "vectors": tmp_path / "plain"})
    build_index(plain, embedder=WordEmbedder())
    desk.exported = tmp_path / "again"
    export_index(Store(plain.vectors), desk.exported)
    (desk.exported / "userdict.txt").write_text("松木坝 9 ns\n", encoding="utf-8")
    desk.load()
    with closing(Store(desk.folder / "elsewhere").current()) as after, closing(live(plain)) as before:
        assert not after.analyzer.dictionary.words
        same_contents(before, after)


def test_a_refresh_goes_on_from_there(desk: Desk) -> None:
    desk.load()
    elsewhere = desk.settings.model_copy(update={"vectors": desk.folder / "elsewhere"})
    asked = WordEmbedder()
    assert not build_index(elsewhere, embedder=asked).changed
    write_records(desk.corpus / "b.jsonl", [{"id": "new", "text": "桥头新开了一家修鞋铺，一天能修三十双。"}])
    report = build_index(elsewhere, embedder=asked)
    assert (report.embedded, report.tokenized) == (len(asked.texts), 1) == (1, 1)


def test_passages_come_into_the_folder_wherever_they_lay_before(desk: Desk) -> None:
    index = json.loads((desk.exported / FILE).read_text(encoding="utf-8"))["index"]
    index["settings"] |= {"store": "milvus://127.0.0.1:9/elsewhere", "collection": "c", "run": "1"}
    desk.forge(index=index)
    desk.load()
    with closing(Store(desk.folder / "elsewhere").current()) as after, closing(live(desk.settings)) as before:
        assert after.manifest.settings == before.manifest.settings
        same_contents(before, after)


def test_the_index_that_was_live_is_kept(desk: Desk) -> None:
    other = desk.settings.model_copy(update={"vectors": desk.folder / "other", "corpus": desk.folder / "few"})
    kept = {"id": "kept", "text": "这一篇只在旧的里面，讲的是一口井。"}
    write_records(desk.folder / "few" / "a.jsonl", [kept])
    before = build_index(other, embedder=WordEmbedder())
    report = desk.load(other.vectors)
    assert (report.removed, report.kept) == (before.counts.chunks, report.counts.chunks)
    store = Store(other.vectors)
    assert store.current_id() == report.generation
    assert store.rollback() == before.generation


def test_what_lies_in_the_folder_is_what_is_promised(desk: Desk) -> None:
    chunks, articles, sources = (pq.read_table(desk.exported / name) for name in (CHUNKS, ARTICLES, SOURCES))
    with closing(live(desk.settings)) as generation:
        told = json.loads(chunks.schema.metadata[b"wenbao"])
        manifest = generation.manifest
        assert (told["version"], told["generation"]) == (1, generation.id)
        assert (told["model_fingerprint"], told["dimension"]) == (manifest.model_fingerprint, manifest.dimension)
        vectors = np.stack(chunks["vector"].to_numpy(zero_copy_only=False))
        assert np.array_equal(vectors, generation.vectors.vectors(np.arange(len(generation))))
    texts = {row["file"]: row["text"] for row in sources.to_pylist()}
    of_article = {row["article_id"]: row for row in articles.to_pylist()}
    assert texts.keys() == {"dam.pdf"}
    for row in chunks.to_pylist():
        article = of_article[row["article_id"]]
        assert article["text"][row["start"] : row["end"]] == row["text"]
        if article["file"] in texts:
            text = texts[article["file"]]
            quoted = "".join(text[span["start"] : span["end"]] for span in row["spans"])
            assert "".join(quoted.split()) == "".join(row["text"].split())
    assert of_article["full/记录 1"]["date"] == "2020-02"
    assert of_article["full/记录 1"]["place"] == ["云南省", "大理白族自治州"]
    assert of_article["r0"]["url"] is None


LINES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Z", "Cc"]), max_size=40)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "title": LINES,
            "byline": LINES,
            "text": LINES.map(lambda line: f"句子。{line}") | LINES.map(lambda line: line * 9),
        },
        optional={"place": st.lists(LINES, max_size=3), "date": st.dates().map(str), "url": LINES},
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=15)
@given(RECORDS)
def test_whatever_can_be_indexed_comes_back(found: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        numbered = [{"id": "always", "text": "每次都有的一篇。"}] + [
            {"id": str(number)} | record for number, record in enumerate(found)
        ]
        write_records(folder / "corpus" / "a.jsonl", numbered)
        here = Settings(corpus=folder / "corpus", vectors=folder / "vectors")
        there = Settings(vectors=folder / "again")
        build_index(here, embedder=WordEmbedder())
        export_index(Store(here.vectors), folder / "exported")
        import_index(there, folder / "exported", WordEmbedder())
        with closing(live(here)) as before, closing(live(there)) as after:
            same_contents(before, after)
        assert not build_index(there.model_copy(update={"corpus": here.corpus}), embedder=WordEmbedder()).changed


def live(settings: Settings) -> Generation:
    return Store(settings.vectors).current()


def same_contents(before: Generation, after: Generation) -> None:
    rows = range(len(before))
    assert list(before.articles()) == list(after.articles())
    assert [before.chunk(row) for row in rows] == [after.chunk(row) for row in rows]
    assert before.counts == after.counts
    assert np.array_equal(before.vectors.vectors(np.arange(len(before))), after.vectors.vectors(np.arange(len(after))))
    assert all(np.array_equal(one, other) for one, other in zip(before.words.arrays, after.words.arrays, strict=True))
    assert np.array_equal(before.groups, after.groups)
