"""Documents of other forms in an index: texts are kept, pages known, and only what changed is read again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rag.errors import IndexDamaged, NotFound
from rag.index.building import reading
from rag.index.building.builder import build_index, plan_index
from rag.index.storage.database import FILE as DATABASE
from rag.index.storage.examination import Examination
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.offsets import OffsetMap
from rag.settings import Settings
from rag.types import Skipped
from tests.rag.corpus.formats.making import Print, write_docx, write_epub
from tests.rag.index.fakes import WordEmbedder
from tests.rag.index.shelf import republish

CANAL = "青禾镇北坡的老水渠昨天重新通水，三百二十户人家的稻田不再等雨。"
COST = "镇水利站站长沈怀山说，修渠一共花了四十七万元，其中村民自筹九万元。"
MULES = "老周赶着三头骡子出了山口，身上只带了两块干粮。"
STATION = "柳河火车站的候车室将扩建到八百平方米，预计两年后完工。"
SCHOOL = "石桥村的夜校上周开课，第一晚来了六十一个学员。"


def write_pdf(path: Path, *paragraphs: str) -> None:
    """A page for each paragraph."""
    sheet = Print(path)
    for paragraph in paragraphs:
        sheet.paragraph(paragraph)
        sheet.page()
    sheet.save()


class Desk:
    """A corpus with a file of every kind, and its index."""

    def __init__(self, folder: Path) -> None:
        self.corpus = folder / "corpus"
        self.corpus.mkdir()
        self.settings = Settings(corpus=self.corpus, vectors=folder / "vectors")
        write_pdf(self.corpus / "canal.pdf", CANAL, COST)
        write_epub(self.corpus / "book.epub", [("出山", f"<p>{MULES}</p>")])
        write_docx(self.corpus / "plan.docx", [("Title", "改造方案"), ("Normal", STATION)])
        (self.corpus / "school.html").write_text(f"<h1>夜校</h1><p>{SCHOOL}</p>", encoding="utf-8")
        (self.corpus / "note.md").write_text(f"---\ntitle: 夜校\n---\n{SCHOOL}\n", encoding="utf-8")
        (self.corpus / "page.txt").write_text(f"夜校\n{SCHOOL}\n", encoding="utf-8")
        (self.corpus / "torn.pdf").write_bytes(b"%PDF-1.4\n")
        self.build()

    def build(self) -> tuple[Skipped, ...]:
        return build_index(self.settings, embedder=WordEmbedder()).skipped

    def open(self) -> Generation:
        return Store(self.settings.vectors).current()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def generation(desk: Desk) -> Iterator[Generation]:
    with closing(desk.open()) as opened:
        yield opened


def squashed(text: str) -> str:
    return "".join(text.split())


def test_every_passage_stands_in_the_kept_text_at_its_spans(generation: Generation) -> None:
    sources = set()
    for row in range(len(generation)):
        chunk, article = generation.chunk(row), generation.article_of(row)
        if article.source in ("note.md", "page.txt"):
            continue
        sources.add(article.source)
        text = generation.source_text(article.source)
        assert squashed("".join(text[start:end] for start, end in chunk.spans)) == squashed(chunk.text) != ""
    assert sources == {"canal.pdf", "book.epub", "plan.docx", "school.html"}


def test_the_page_of_every_character_of_a_pdf_is_known(generation: Generation) -> None:
    [article] = [one for one in generation.articles() if one.source == "canal.pdf"]
    offsets = OffsetMap(article.runs, article.spans)
    pages = [generation.page_at("canal.pdf", offsets.spans(at, at + 1)[0][0]) for at in range(article.chars)]
    assert article.text == CANAL + COST
    assert pages == [1] * len(CANAL) + [2] * len(COST)


@pytest.mark.parametrize("source", ["book.epub", "note.md", "page.txt", "nowhere.pdf"])
def test_other_sources_have_no_pages(generation: Generation, source: str) -> None:
    assert generation.page_at(source, 3) is None


@pytest.mark.parametrize("source", ["note.md", "page.txt", "nowhere.pdf"])
def test_no_text_is_kept_of_what_is_its_own_text(generation: Generation, source: str) -> None:
    with pytest.raises(NotFound, match=source):
        generation.source_text(source)


def test_what_cannot_be_read_is_named_and_a_second_run_has_nothing_to_do(desk: Desk) -> None:
    report = build_index(desk.settings, embedder=WordEmbedder())
    assert report.changed is False
    assert [one.where for one in report.skipped] == ["torn.pdf"]
    plan = plan_index(desk.settings, embedder=WordEmbedder())
    assert (plan.changed, plan.embedded) == (False, 0)


def test_only_the_file_that_changed_is_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(desk.open()) as before:
        texts = {name: before.source_text(name) for name in ("book.epub", "plan.docx", "school.html")}
    write_pdf(desk.corpus / "canal.pdf", COST, CANAL, MULES)
    read: list[str] = []
    original = reading.read_pages
    monkeypatch.setattr(reading, "read_pages", lambda file, seen: [read.append(file.source), *original(file, seen)][1:])
    desk.build()
    assert read == ["canal.pdf"]
    with closing(desk.open()) as after:
        assert {name: after.source_text(name) for name in texts} == texts
        assert squashed(after.source_text("canal.pdf")) == COST + CANAL + MULES
        assert after.page_at("canal.pdf", len(after.source_text("canal.pdf")) - 2) == 3


def test_a_file_that_is_gone_takes_its_text_along(desk: Desk) -> None:
    (desk.corpus / "canal.pdf").unlink()
    desk.build()
    with closing(desk.open()) as after, pytest.raises(NotFound):
        after.source_text("canal.pdf")


def test_an_index_without_kept_texts_still_opens_and_is_built_on(desk: Desk) -> None:
    def forget(folder: Path) -> None:
        with closing(sqlite3.connect(folder / DATABASE)) as database:
            database.execute("DROP TABLE sources")
            database.commit()

    republish(Store(desk.settings.vectors), forget)
    with closing(desk.open()) as earlier:
        assert earlier.page_at("canal.pdf", 0) is None
        with pytest.raises(NotFound):
            earlier.source_text("canal.pdf")
        Examination(earlier, WordEmbedder()).contents()


def test_a_text_that_is_not_that_of_its_articles_is_found(desk: Desk) -> None:
    def spoil(folder: Path) -> None:
        with closing(sqlite3.connect(folder / DATABASE)) as database:
            database.execute("UPDATE sources SET text = replace(text, '水渠', '沟渠') WHERE file = 'canal.pdf'")
            database.commit()

    with closing(desk.open()) as sound:
        assert "agree" in Examination(sound, WordEmbedder()).contents()
    republish(Store(desk.settings.vectors), spoil)
    with closing(desk.open()) as spoiled, pytest.raises(IndexDamaged, match=r"canal\.pdf"):
        Examination(spoiled, WordEmbedder()).contents()
