"""`plan_index`: what would change is named, and nothing is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import CorpusEmpty
from rag.index.building.builder import build_index, plan_index
from rag.index.storage.store import Store
from rag.settings import Settings
from rag.types import IndexPlan
from tests.rag.index.fakes import WordEmbedder, records, write_records


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_records(tmp_path / "corpus" / "a.jsonl", records("a"))
    write_records(tmp_path / "corpus" / "b.jsonl", records("b"))
    return Settings(corpus=tmp_path / "corpus", vectors=tmp_path / "vectors")


def _plan(settings: Settings) -> IndexPlan:
    embedder = WordEmbedder()
    plan = plan_index(settings, embedder=embedder)
    assert embedder.texts == []
    return plan


def _changes(plan: IndexPlan) -> list[tuple[str, str]]:
    return [(change.kind, change.article_id) for change in plan.articles]


def test_before_the_first_run_everything_is_added(settings: Settings) -> None:
    plan = _plan(settings)
    assert plan.changed
    assert {kind for kind, _ in _changes(plan)} == {"added"}
    assert (plan.embedded, plan.kept, plan.removed) == (plan.counts.chunks, 0, 0)
    assert not settings.vectors.exists()


def test_nothing_to_do(settings: Settings) -> None:
    build_index(settings, embedder=WordEmbedder())
    plan = _plan(settings)
    assert (plan.changed, plan.articles, plan.embedded, plan.removed) == (False, (), 0, 0)


def test_each_kind_of_change_is_named_and_then_done(settings: Settings, tmp_path: Path) -> None:
    build_index(settings, embedder=WordEmbedder())
    before = sorted(path for path in settings.vectors.rglob("*"))
    edited = records("a")
    edited[1]["text"] = f"{edited[1]['text']}又添了一座钟楼。"
    removed = edited.pop(3)
    write_records(tmp_path / "corpus" / "a.jsonl", [*edited, {"id": "new", "text": "码头来了一条新船。"}])
    (tmp_path / "corpus" / "b.jsonl").rename(tmp_path / "corpus" / "c.jsonl")
    plan = _plan(settings)
    changes = _changes(plan)
    assert [change for change in changes if change[0] != "moved"] == [
        ("changed", "a1"),
        ("added", "new"),
        ("removed", removed["id"]),
    ]
    assert [(c.was, c.source) for c in plan.articles if c.article_id == "b0"] == [("b.jsonl#b0", "c.jsonl#b0")]
    assert sorted(path for path in settings.vectors.rglob("*")) == before
    report = build_index(settings, embedder=WordEmbedder())
    assert (plan.embedded, plan.kept, plan.removed, plan.tokenized, plan.counts) == (
        report.embedded, report.kept, report.removed, report.tokenized, report.counts,
    )  # fmt: skip


def test_a_page_that_is_renamed_has_moved(tmp_path: Path) -> None:
    page = tmp_path / "corpus" / "old.txt"
    page.parent.mkdir()
    page.write_text("灯会开场\n\n湖边挂起了三百盏灯，孩子们围着看。\n", encoding="utf-8")
    settings = Settings(corpus=page.parent, vectors=tmp_path / "vectors")
    build_index(settings, embedder=WordEmbedder())
    page.rename(page.with_name("new.txt"))
    plan = _plan(settings)
    assert [(change.kind, change.was, change.source) for change in plan.articles] == [("moved", "old.txt", "new.txt")]
    assert (plan.embedded, plan.removed) == (0, 0)


def test_an_empty_corpus_is_told_as_an_index_run_would(settings: Settings, tmp_path: Path) -> None:
    build_index(settings, embedder=WordEmbedder())
    for name in ("a", "b"):
        (tmp_path / "corpus" / f"{name}.jsonl").unlink()
    with pytest.raises(CorpusEmpty):
        _plan(settings)
    assert Store(settings.vectors).current().counts.articles == 12


def test_what_a_user_dictionary_touches_is_counted(settings: Settings, tmp_path: Path) -> None:
    build_index(settings, embedder=WordEmbedder())
    (tmp_path / "names.txt").write_text("编号a1\n", encoding="utf-8")
    with_words = settings.model_copy(update={"userdict": tmp_path / "names.txt"})
    plan = _plan(with_words)
    report = build_index(with_words, embedder=WordEmbedder())
    assert (plan.changed, plan.articles, plan.embedded) == (True, (), 0)
    assert plan.tokenized == report.tokenized > 0
