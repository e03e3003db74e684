"""A user dictionary in an index run: what it touches is cut anew, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.index.building.builder import build_index
from rag.index.building.remembering import with_remembered_corpus
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.index.text.analyzer import Analyzer
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from rag.types import IndexReport
from tests.rag.index.fakes import WordEmbedder, write_records

RECORDS = [
    {"id": "a", "title": "集市", "text": "拾光铺子在老街开张，头一天来了两百位客人。"},
    {"id": "b", "title": "修桥", "text": "石桥两边装上了护栏，行人走得更稳。"},
    {"id": "c", "title": "铺子", "text": "拾荒的老人在街口歇脚，光线很好。"},
    {"id": "d", "title": "开张", "text": "雲棲裡驛站與拾光鋪子同一天挂牌。"},
]


class Keeper:
    """Somebody who keeps a corpus with a dictionary."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dictionary = folder / "names.txt"
        write_records(folder / "corpus" / "a.jsonl", RECORDS)

    def build(self, words: Sequence[str] | None) -> IndexReport:
        if words is not None:
            self.dictionary.write_text("\n".join(words), encoding="utf-8")
        return build_index(self.settings(words is not None), embedder=WordEmbedder())

    def settings(self, with_dictionary: bool) -> Settings:
        return Settings(
            corpus=self.folder / "corpus",
            vectors=self.folder / "vectors",
            userdict=self.dictionary if with_dictionary else None,
        )

    def open(self) -> Generation:
        return Store(self.folder / "vectors").current()


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path)


def _counts(generation: Generation) -> list[list[tuple[int, int]]]:
    counts = generation.words.term_counts()
    return [
        sorted(
            (int(counts.vocabulary[counts.ids[entry]]), int(counts.counts[entry]))
            for entry in range(counts.offsets[row], counts.offsets[row + 1])
        )
        for row in range(len(counts))
    ]


def test_only_the_chunks_that_hold_a_changed_word_are_cut_anew(keeper: Keeper) -> None:
    first = keeper.build(None)
    assert first.tokenized == first.counts.chunks == 4
    report = keeper.build(["拾光铺子"])
    assert (report.changed, report.embedded, report.tokenized) == (True, 0, 2)
    assert keeper.open().words.document_frequency(["拾光铺子"]).tolist() == [2]


def test_which_chunks_are_cut_anew_is_seen_in_what_is_cut(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper.build(None)
    cut: list[str] = []
    genuine = Analyzer.term_hashes
    monkeypatch.setattr(Analyzer, "term_hashes", lambda self, text: cut.append(text) or genuine(self, text))
    keeper.build(["云栖里驿站", "云栖里"])
    assert [text.split("\n")[0] for text in cut] == ["开张"]


def test_step_by_step_is_the_same_as_at_once(keeper: Keeper, tmp_path: Path) -> None:
    for words in (None, ["拾光铺子"], ["拾光铺子", "石桥 0"], ["云栖里驿站 9 n", "拾荒的老人"]):
        keeper.build(words)
    anew = Keeper(tmp_path / "anew")
    anew.build(["云栖里驿站 9 n", "拾荒的老人"])
    assert _counts(keeper.open()) == _counts(anew.open())


def test_without_a_change_of_the_dictionary_nothing_is_done(keeper: Keeper) -> None:
    keeper.build(["拾光铺子"])
    assert not keeper.build(["拾光铺子"]).changed


def test_without_the_dictionary_its_words_are_gone(keeper: Keeper) -> None:
    keeper.build(["拾光铺子"])
    assert keeper.build([]).tokenized == 2
    assert keeper.open().words.document_frequency(["拾光铺子"]).tolist() == [0]


def test_questions_are_cut_as_the_index_was(keeper: Keeper) -> None:
    keeper.build(["拾光铺子"])
    hits = Retriever(keeper.open(), WordEmbedder()).search("拾光鋪子", mode="lexical").hits
    assert [hit.article.article_id for hit in hits[:2]] in (["a", "d"], ["d", "a"])


def test_lines_that_cannot_be_used_are_reported(keeper: Keeper) -> None:
    report = keeper.build(["拾光铺子", "一 二 三 四"])
    assert [skipped.where for skipped in report.skipped] == ["names.txt:2"]
    assert not keeper.build(["拾光铺子", "一 二 三 四"]).changed


def test_the_dictionary_is_remembered_until_another_is_given(keeper: Keeper) -> None:
    keeper.build(["拾光铺子"])
    remembered = with_remembered_corpus(keeper.settings(False))
    assert remembered.userdict == keeper.dictionary.resolve()
    keeper.dictionary.unlink()
    with pytest.raises(SettingsError) as error:
        build_index(remembered, embedder=WordEmbedder())
    assert "--no-userdict" in error.value.hint
    assert keeper.open().words.document_frequency(["拾光铺子"]).tolist() == [2]
