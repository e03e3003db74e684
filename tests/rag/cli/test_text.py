"""`wenbao text`, and the page of a PDF in what `wenbao ask` prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.cli.main import run
from rag.errors import ExitCode
from tests.rag.corpus.formats.making import Print

pytestmark = pytest.mark.usefixtures("opened_once")

CANAL = "青禾镇北坡的老水渠昨天重新通水，三百二十户人家的稻田不再等雨。"
COST = "镇水利站站长沈怀山说，修老水渠一共花了四十七万元，其中村民自筹九万元。"


@pytest.fixture
def indexed(workdir: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Path:
    """A corpus of one PDF, indexed in the working folder."""
    (workdir / "pages").mkdir()
    sheet = Print(workdir / "pages" / "水渠.pdf")
    for paragraph in (CANAL, COST):
        sheet.paragraph(paragraph)
        sheet.page()
    sheet.save()
    assert run(["index", "pages"]) == ExitCode.OK
    capsysbinary.readouterr()
    return workdir


def test_the_kept_text_is_printed_character_for_character(
    indexed: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["text", "水渠.pdf"]) == ExitCode.OK
    assert capsysbinary.readouterr().out.decode() == f"{CANAL}\n\f{COST}\n"


def test_the_file_may_be_gone(indexed: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    (indexed / "pages" / "水渠.pdf").unlink()
    assert run(["text", "水渠.pdf"]) == ExitCode.OK
    assert CANAL in capsysbinary.readouterr().out.decode()


def test_another_source_is_not_found(indexed: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["text", "水沟.pdf"]) == ExitCode.NOT_FOUND
    told = capsysbinary.readouterr()
    assert told.out == b""
    assert "水沟.pdf" in told.err.decode()
    assert "hint: " in told.err.decode()


def test_an_answer_names_the_page(indexed: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["ask", "修老水渠一共花了多少钱？"]) == ExitCode.OK
    assert "水渠.pdf p. 2 · " in capsysbinary.readouterr().out.decode()
