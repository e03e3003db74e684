"""An index over files of several forms, and its export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.index.building.builder import build_index
from rag.index.exchange.exporting import export_index
from rag.index.exchange.importing import import_index
from rag.index.exchange.layout import FILE
from rag.index.storage.manifest import file_digest
from rag.index.storage.store import Store
from rag.settings import Settings
from rag.types import IndexReport
from tests.rag.corpus.formats.making import Print
from tests.rag.index.fakes import WordEmbedder, records, write_records

DAM = "松木坝的闸门上周换成了钢的，看闸人罗启明说，再大的水也不怕了。"
COST = "换闸花了二十六万元，其中十一万元是下游三个村凑的。"


class Desk:
    """A corpus of records, a page, a PDF and something to skip, indexed with a user dictionary; and its export."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.corpus = folder / "corpus"
        write_records(self.corpus / "a.jsonl", [*records(count=4), _FULL])
        (self.corpus / "page.txt").write_text(f"闸门换新\n{DAM}\n", encoding="utf-8")
        sheet = Print(self.corpus / "dam.pdf")
        for paragraph in (DAM, COST):
            sheet.paragraph(paragraph)
            sheet.page()
        sheet.save()
        (self.corpus / "torn.pdf").write_bytes(b"%PDF-1.4\n")
        words = folder / "words.txt"
        words.write_text("松木坝 9 ns\n", encoding="utf-8")
        self.settings = Settings(corpus=self.corpus, vectors=folder / "vectors", userdict=words)
        self.exported = folder / "exported"
        build_index(self.settings, embedder=WordEmbedder())
        export_index(Store(self.settings.vectors), self.exported)

    def load(self, vectors: Path | None = None, fingerprint: str = WordEmbedder().fingerprint) -> IndexReport:
        """Imports, into a folder of its own unless one is given."""
        settings = Settings(vectors=vectors or self.folder / "elsewhere")
        return import_index(settings, self.exported, WordEmbedder(fingerprint))

    def forge(self, **changed: Any) -> None:
        """Makes every checksum of the export right again, and changes what `export.json` says."""
        path = self.exported / FILE
        data = json.loads(path.read_text(encoding="utf-8"))
        for name, told in data["files"].items():
            file = self.exported / name
            told |= {"bytes": file.stat().st_size, "sha256": file_digest(file)}
        path.write_text(json.dumps(data | changed), encoding="utf-8")


_FULL = {
    "id": "full/记录 1",
    "title": "每一栏都有",
    "byline": "本报讯(记者丁一)",
    "date": "2020-02",
    "place": ["云南省", "大理白族自治州"],
    "url": "https://paper.example/1",
    "text": "第一行\r\n  第二行😀，还有\u3000空格。\n",
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
