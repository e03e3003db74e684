"""Word documents and EPUB books: their order, headings and chapters; and archives that mean harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from rag.corpus.formats import archives
from rag.types import BlockRole
from tests.rag.corpus.formats.making import CONTAINER, write_docx, write_epub, write_zip, xhtml
from tests.rag.corpus.formats.reports import articles, read, reason

STATION = "柳河火车站的候车室将扩建到八百平方米，预计两年后完工。"
FUNDS = "工程总投资三千六百万元，屋顶一项就要一千万元。"
MULES = "老周赶着三头骡子出了山口，身上只带了两块干粮。"
FERRY = "渡口的船夫姓裴，收了他五个铜板才肯开船。"
ENTITIES = '<!DOCTYPE x [<!ENTITY a "渡口渡口渡口"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


class TestWord:
    def test_paragraphs_headings_and_rows_in_order(self, tmp_path: Path) -> None:
        blocks = [("Title", "改造方案"), ("Normal", STATION), ("Heading 1", "资金"), ("Normal", FUNDS)]
        [article] = articles(write_docx(tmp_path / "a.docx", blocks, [("项目", "金额"), ("屋顶", "一千万元")]))
        assert article.title == "改造方案"
        assert [(block.role, article.text[block.start : block.end]) for block in article.blocks] == [
            (BlockRole.TITLE, "改造方案"),
            (BlockRole.BODY, STATION),
            (BlockRole.SUBHEAD, "资金"),
            (BlockRole.BODY, FUNDS),
            (BlockRole.BODY, "项目 | 金额"),
            (BlockRole.BODY, "屋顶 | 一千万元"),
        ]

    def test_the_document_s_own_title_where_no_heading_is_one(self, tmp_path: Path) -> None:
        document = docx.Document()
        document.core_properties.title = "改造方案"
        document.add_paragraph(STATION)
        document.save(str(tmp_path / "a.docx"))
        assert [(one.title, one.text) for one in articles(tmp_path / "a.docx")] == [("改造方案", STATION)]

    def test_insertions_and_controls_are_read_and_deletions_are_not(self, tmp_path: Path) -> None:
        document = docx.Document()
        for inner in (
            "<w:ins w:id='1' w:author='x'><w:r><w:t>新加的话。</w:t></w:r></w:ins>",
            "<w:del w:id='2' w:author='x'><w:r><w:delText>删去的话。</w:delText></w:r></w:del>"
            "<w:r><w:t>留下的话。</w:t></w:r>",
            "<w:sdt><w:sdtContent><w:r><w:t>控件里的话。</w:t></w:r></w:sdtContent></w:sdt>",
        ):
            document.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')}>{inner}</w:p>"))
        document.save(str(tmp_path / "a.docx"))
        assert [one.text for one in articles(tmp_path / "a.docx")] == ["控件里的话。留下的话。新加的话。"]

    def test_another_archive_is_no_document(self, tmp_path: Path) -> None:
        assert "word/document.xml" in reason(write_zip(tmp_path / "a.docx", {"hello.txt": "渡口"}))

    def test_an_empty_one_holds_no_text(self, tmp_path: Path) -> None:
        assert reason(write_docx(tmp_path / "a.docx", [("Normal", "")])) == "holds no text"


class TestEpub:
    def test_a_chapter_is_an_article(self, tmp_path: Path) -> None:
        chapters = [
            ("第一章 出山", f"<h1>第一章 出山</h1><p>{MULES}</p>"),
            ("第二章 过河", f"<h2>过河</h2><p>{FERRY}</p>"),
        ]
        found = articles(write_epub(tmp_path / "a.epub", chapters))
        assert [(one.title, one.byline, one.date, one.text) for one in found] == [
            ("第一章 出山", "方一苇", "2019-06-01", f"第一章 出山{MULES}"),
            ("第二章 过河", "方一苇", "2019-06-01", f"过河{FERRY}"),
        ]
        assert {one.source for one in found} == {"a.epub"}

    def test_a_document_that_the_table_leaves_out_goes_on_with_its_chapter(self, tmp_path: Path) -> None:
        found = articles(write_epub(tmp_path / "a.epub", [("第一章", f"<p>{MULES}</p>"), ("", f"<p>{FERRY}</p>")]))
        assert [(one.title, one.text) for one in found] == [("第一章", MULES + FERRY)]

    def test_an_older_table_of_contents(self, tmp_path: Path) -> None:
        ncx = (
            '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>出山</text></navLabel>'
            '<content src="a%20b.html#x"/></navPoint></navMap></ncx>'
        )
        package = (
            '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest>'
            '<item id="n" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
            '<item id="a" href="a%20b.html" media-type="application/xhtml+xml"/></manifest>'
            '<spine toc="n"><itemref idref="a"/></spine></package>'
        )
        members = {"META-INF/container.xml": CONTAINER, "OPS/book.opf": package, "OPS/toc.ncx": ncx}
        path = write_zip(tmp_path / "a.epub", {**members, "OPS/a b.html": xhtml(f"<p>{MULES}</p>")})
        assert [(one.title, one.text) for one in articles(path)] == [("出山", MULES)]

    def test_what_is_listed_and_not_there_is_named(self, tmp_path: Path) -> None:
        write_epub(tmp_path / "whole.epub", [("一", f"<p>{MULES}</p>"), ("二", f"<p>{FERRY}</p>")])
        with zipfile.ZipFile(tmp_path / "whole.epub") as whole:
            members = {name: whole.read(name) for name in whole.namelist() if not name.endswith("c1.xhtml")}
        [page], [skipped] = read(write_zip(tmp_path / "a.epub", members))
        assert page.text.strip() == MULES
        assert "OPS/c1.xhtml" in skipped.reason

    def test_an_encrypted_one_is_named_and_hidden_fonts_do_no_harm(self, tmp_path: Path) -> None:
        for number, method in enumerate(
            ("http://www.idpf.org/2008/embedding", "http://www.w3.org/2001/04/xmlenc#aes256-cbc")
        ):
            note = (
                '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
                f'<e:EncryptedData><e:EncryptionMethod Algorithm="{method}"/></e:EncryptedData></encryption>'
            )
            path = write_epub(
                tmp_path / f"{number}.epub", [("一", f"<p>{MULES}</p>")], {"META-INF/encryption.xml": note}
            )
            if number:
                assert "DRM" in reason(path)
            else:
                assert [one.text for one in articles(path)] == [MULES]


class TestHarm:
    """Files that mean harm, or came to it: named, and nothing of them is read."""

    @pytest.mark.parametrize("suffix", [".docx", ".epub"])
    @pytest.mark.parametrize("data", [b"x", b"PK\x03\x04" + bytes(500), b"%PDF-1.4"])
    def test_no_archive(self, tmp_path: Path, suffix: str, data: bytes) -> None:
        (tmp_path / f"a{suffix}").write_bytes(data)
        assert "damaged or cut off" in reason(tmp_path / f"a{suffix}")

    @pytest.mark.parametrize("suffix", [".docx", ".epub"])
    def test_an_archive_that_is_cut_off(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"a{suffix}"
        whole = write_epub(tmp_path / "whole.zip", [("一", f"<p>{MULES}</p>")])
        path.write_bytes(whole.read_bytes()[:-40])
        assert "damaged or cut off" in reason(path)

    @pytest.mark.parametrize("suffix", [".docx", ".epub"])
    def test_a_bomb_is_not_unpacked(self, tmp_path: Path, suffix: str) -> None:
        members = {"word/document.xml": b" " * 30_000_000, "META-INF/container.xml": CONTAINER}
        assert "200 times" in reason(write_zip(tmp_path / f"a{suffix}", members))

    def test_many_files_and_large_ones(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write_epub(tmp_path / "a.epub", [("一", f"<p>{MULES}</p>")])
        monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
        assert "files" in reason(path)
        monkeypatch.setattr(archives, "MAX_MEMBERS", 300)
        monkeypatch.setattr(archives, "MAX_UNPACKED", 100)
        assert "unpacks into" in reason(path)
        monkeypatch.setattr(archives, "MAX_UNPACKED", 10**6)
        monkeypatch.setattr(archives, "MAX_MARKUP", 100)
        assert "unpacks META-INF/container.xml" in reason(path)

    @pytest.mark.parametrize("kinds", [ENTITIES, OUTSIDE])
    def test_entities_are_refused(self, tmp_path: Path, kinds: str) -> None:
        word = f"{kinds}<w:document {nsdecls('w')}><w:body><w:p><w:r><w:t>&a;</w:t></w:r></w:p></w:body></w:document>"
        assert "entities" in reason(write_zip(tmp_path / "a.docx", {"word/document.xml": word}))

    @pytest.mark.parametrize("kinds", [ENTITIES, OUTSIDE])
    def test_entities_of_a_chapter_are_left_as_they_are(self, tmp_path: Path, kinds: str) -> None:
        path = write_epub(tmp_path / "a.epub", [("一", "<p>-</p>")], None)
        members = {"OPS/c0.xhtml": f"{kinds}<html><body><p>{MULES}&a;</p></body></html>"}
        with zipfile.ZipFile(path) as book:
            members = {name: book.read(name).decode() for name in book.namelist()} | members
        [article] = articles(write_zip(path, members))
        assert MULES in article.text
        assert "渡口渡口" not in article.text.replace(ENTITIES, "")
        assert "root:" not in article.text

    def test_an_encrypted_archive(self, tmp_path: Path) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("word/document.xml", "x")
        data = bytearray(stream.getvalue())
        data[6] |= 1  # the flag, where the member stands and where it is listed
        data[data.index(b"PK\x01\x02") + 8] |= 1
        (tmp_path / "a.docx").write_bytes(data)
        assert "encrypted" in reason(tmp_path / "a.docx")
