"""Corpus files: what is listed, how bytes become text, and that nothing is left out in silence."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.corpus.files import CorpusFile, read_corpus, read_pages
from rag.errors import CorpusError, CorpusMissing
from rag.types import Page, Skipped

CHINESE = "河边的图书馆今天开门\r\n读者排起了长队。\n"


def one(path: Path) -> CorpusFile:
    (file,) = read_corpus(path).files
    return file


def outcomes(path: Path) -> list[Page | Skipped]:
    return list(read_pages(one(path)))


def reasons(path: Path) -> dict[str, str]:
    return {skipped.where: skipped.reason for skipped in read_corpus(path).skipped}


def write_lines(path: Path, *lines: object) -> Path:
    text = "".join((line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


class TestListing:
    def test_folders_are_read_recursively_in_the_order_of_their_names(self, tmp_path: Path) -> None:
        for name in ("b.txt", "a/二.md", "a/一.TXT", "a.txt", "c/d/e.jsonl", "c/f.jsonl.gz"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"x")
        listing = read_corpus(tmp_path)
        assert [file.source for file in listing.files] == [
            "a/一.TXT",
            "a/二.md",
            "a.txt",
            "b.txt",
            "c/d/e.jsonl",
            "c/f.jsonl.gz",
        ]
        assert [file.kind for file in listing.files] == ["page", "page", "page", "page", "records", "records"]
        assert listing.root == tmp_path.resolve()

    def test_size_and_time_tell_a_change(self, tmp_path: Path) -> None:
        page = tmp_path / "a.txt"
        page.write_text(CHINESE, encoding="utf-8")
        os.utime(page, ns=(5, 12345678900))
        assert (one(tmp_path).size, one(tmp_path).mtime_ns) == (len(page.read_bytes()), 12345678900)

    def test_a_single_file_is_a_corpus(self, tmp_path: Path) -> None:
        (tmp_path / "other.txt").write_text("x")
        page = tmp_path / "a.txt"
        page.write_text(CHINESE, encoding="utf-8")
        listing = read_corpus(page)
        assert [file.source for file in listing.files] == ["a.txt"]
        assert listing.root == tmp_path.resolve()

    def test_other_kinds_and_empty_files_are_named_and_hidden_ones_are_not(self, tmp_path: Path) -> None:
        for name, data in {"scan.png": b"PNG", "notes": b"x", "empty.txt": b"", ".hidden.txt": b"x"}.items():
            (tmp_path / name).write_bytes(data)
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "a.txt").write_text("x")
        assert set(reasons(tmp_path)) == {"scan.png", "notes", "empty.txt"}
        assert reasons(tmp_path)["empty.txt"] == "is empty"
        assert ".jsonl.gz" in reasons(tmp_path)["scan.png"]

    def test_links_never_lead_outside(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        corpus = tmp_path / "corpus"
        for folder in (outside, corpus / "inner"):
            folder.mkdir(parents=True)
            (folder / "a.txt").write_text("x")
        (corpus / "file.txt").symlink_to(outside / "a.txt")
        (corpus / "folder").symlink_to(outside)
        (corpus / "broken.txt").symlink_to(tmp_path / "nothing")
        (corpus / "circle.txt").symlink_to(corpus / "circle.txt")
        (corpus / "again").symlink_to(corpus)
        (corpus / "same.txt").symlink_to(corpus / "inner" / "a.txt")
        assert [file.source for file in read_corpus(corpus).files] == ["inner/a.txt", "same.txt"]
        assert set(reasons(corpus)) == {"file.txt", "folder", "broken.txt", "circle.txt", "again"}
        assert "outside the corpus" in reasons(corpus)["folder"]

    def test_a_corpus_may_be_reached_through_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "real" / "a.txt").write_text("x")
        (tmp_path / "link").symlink_to(tmp_path / "real")
        assert [file.source for file in read_corpus(tmp_path / "link").files] == ["a.txt"]

    def test_what_is_no_regular_file_is_not_opened(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.txt")  # to open it would wait for ever
        assert reasons(tmp_path) == {"pipe.txt": "is not a regular file"}

    def test_a_name_that_is_not_utf8_is_named_so_that_it_can_be_printed(self, tmp_path: Path) -> None:
        try:
            (tmp_path / os.fsdecode(b"\xff\xfe.txt")).write_text("x")
        except OSError:
            pytest.skip("this file system takes only UTF-8 names")
        (where,) = reasons(tmp_path)
        assert where.encode("utf-8")

    def test_a_missing_corpus_says_where_and_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusMissing, match="nowhere") as caught:
            read_corpus(tmp_path / "nowhere")
        assert "wenbao index" in caught.value.hint

    def test_a_path_through_a_file_is_missing_too(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("x")
        with pytest.raises(CorpusMissing):
            read_corpus(tmp_path / "a.txt" / "b")

    @pytest.mark.parametrize("name", ["", "locked"])
    def test_no_permission(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        # Permissions bind nobody who is root, so the refusal comes from the call itself.
        (tmp_path / "locked").mkdir()
        (tmp_path / "a.txt").write_text("x")
        scandir = os.scandir

        def refusing(path: Path) -> object:
            if Path(path) == (tmp_path / name).resolve():
                raise PermissionError(13, "Permission denied", str(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refusing)
        if name:
            assert reasons(tmp_path) == {"locked": "is a folder that cannot be read: Permission denied"}
            assert len(read_corpus(tmp_path).files) == 1
        else:
            with pytest.raises(CorpusError, match="no permission") as caught:
                read_corpus(tmp_path)
            assert caught.value.hint


class TestPages:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
    def test_both_encodings_give_the_same_text_newlines_untouched(self, tmp_path: Path, encoding: str) -> None:
        (tmp_path / "a.txt").write_bytes(CHINESE.encode(encoding))
        assert outcomes(tmp_path) == [Page(source="a.txt", text=CHINESE)]

    def test_the_text_is_what_python_reads(self, tmp_path: Path) -> None:
        page = tmp_path / "a.md"
        page.write_bytes("一\r\n二\r三\n四\u3000\u2028五\f六".encode())
        with page.open(encoding="utf-8", newline="") as stream:
            assert outcomes(tmp_path) == [Page(source="a.md", text=stream.read())]

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is a binary file, not text"),
            (b"\x01\x02\x03\x04plain", "is a binary file, not text"),
            ("汉字".encode("utf-16"), "is UTF-16; save it as UTF-8"),
            (b"caf\xe9\xff\xff", "is neither UTF-8 nor GB18030 text"),
            ("\ufeff \r\n\u3000".encode(), "holds nothing but white space"),
        ],
    )
    def test_what_is_no_page_says_why(self, tmp_path: Path, data: bytes, reason: str) -> None:
        (tmp_path / "a.txt").write_bytes(data)
        assert outcomes(tmp_path) == [Skipped("a.txt", reason)]

    def test_a_page_of_fifty_megabytes(self, tmp_path: Path) -> None:
        line = "今天的报纸比平常厚得多。" * 100 + "\n"
        text = line * (50 * 1024 * 1024 // len(line.encode()) + 1)
        (tmp_path / "a.txt").write_text(text, encoding="utf-8", newline="")
        (page,) = outcomes(tmp_path)
        assert isinstance(page, Page)
        assert page.text == text

    def test_a_file_that_is_gone_by_the_time_it_is_read(self, tmp_path: Path) -> None:
        page = tmp_path / "a.txt"
        page.write_text("x")
        file = one(tmp_path)
        page.unlink()
        assert list(read_pages(file)) == [Skipped("a.txt", "cannot be read: No such file or directory")]

    @given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\r\n\t"), min_size=1))
    def test_utf8_is_never_taken_for_anything_else(self, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
        page = tmp_path_factory.mktemp("page") / "a.txt"
        page.write_bytes(text.encode())
        expected = text.removeprefix("\ufeff")
        (outcome,) = outcomes(page)
        if expected.strip():
            assert outcome == Page(source="a.txt", text=expected)
        else:
            assert isinstance(outcome, Skipped)


class TestRecords:
    def test_every_field(self, tmp_path: Path) -> None:
        write_lines(
            tmp_path / "b.jsonl",
            {
                "id": "甲1",
                "text": "正文\n第二行",
                "title": "题",
                "byline": "记者 某某",
                "date": "2020-03-04T05:06:07+08:00",
                "place": ["江苏省", "无锡市"],
                "url": "https://example.org/1",
                "unknown": 1,
            },
        )
        (page,) = outcomes(tmp_path)
        assert isinstance(page, Page)
        assert (page.source, page.text) == ("b.jsonl#甲1", "正文\n第二行")
        assert page.record is not None
        assert page.record.article_id == "甲1"
        assert page.record.title == "题"
        assert page.record.byline == "记者 某某"
        assert page.record.date == "2020-03-04"
        assert page.record.place == ("江苏省", "无锡市")
        assert page.record.url == "https://example.org/1"

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("{", "is not JSON"),
            ("[" * 100_000, "is not JSON that can be read"),
            ("[1]", "is a JSON array, expected an object"),
            ("null", "is a JSON null, expected an object"),
            ({"text": "x"}, "has no id"),
            ({"id": " ", "text": "x"}, "its id is empty"),
            ({"id": 7, "text": "x"}, "its id is a JSON number, expected a string"),
            ({"id": "a\nb", "text": "x"}, "its id holds control characters"),
            ({"id": "a"}, "has no text"),
            ({"id": "a", "text": "\n "}, "its text is empty"),
            ({"id": "a", "text": ["x"]}, "its text is a JSON array"),
            ({"id": "a", "text": "x", "title": True}, "its title is a JSON boolean"),
            ({"id": "a", "text": "x", "place": "北京市"}, "its place is not a list of strings"),
            ({"id": "a", "text": "x", "place": [1]}, "its place is not a list of strings"),
            ('{"id": "a", "text": "\\ud800"}', "half a surrogate pair"),
        ],
    )
    def test_a_bad_line_is_named_and_the_next_is_read(self, tmp_path: Path, line: object, reason: str) -> None:
        write_lines(tmp_path / "b.jsonl", {"id": "first", "text": "x"}, "", line, {"id": "last", "text": "y"})
        first, bad, last = outcomes(tmp_path)
        assert isinstance(bad, Skipped)
        assert bad.where == "b.jsonl:3"
        assert reason in bad.reason
        assert [page.source for page in (first, last) if isinstance(page, Page)] == ["b.jsonl#first", "b.jsonl#last"]

    @pytest.mark.parametrize(
        ("given_date", "read"), [("2020", "2020"), ("2020-11", "2020-11"), ("20201101", "2020-11-01")]
    )
    def test_dates_to_the_day_month_or_year(self, tmp_path: Path, given_date: str, read: str) -> None:
        write_lines(tmp_path / "b.jsonl", {"id": "a", "text": "x", "date": given_date})
        (page,) = outcomes(tmp_path)
        assert isinstance(page, Page)
        assert page.record is not None
        assert page.record.date == read

    @pytest.mark.parametrize("bad_date", ["昨天", "2020-13", "2020-02-30", "1/2/2020"])
    def test_a_date_that_is_none_costs_the_date_and_not_the_record(self, tmp_path: Path, bad_date: str) -> None:
        write_lines(tmp_path / "b.jsonl", {"id": "a", "text": "x", "date": bad_date})
        page, remark = outcomes(tmp_path)
        assert isinstance(page, Page)
        assert page.record is not None
        assert page.record.date is None
        assert isinstance(remark, Skipped)
        assert remark.where == "b.jsonl:1"
        assert bad_date in remark.reason

    def test_a_duplicate_id_names_where_it_was_taken(self, tmp_path: Path) -> None:
        write_lines(tmp_path / "b.jsonl", {"id": "a", "text": "x"}, {"id": "a", "text": "y"})
        first, second = outcomes(tmp_path)
        assert isinstance(first, Page)
        assert second == Skipped("b.jsonl:2", "its id was taken already at b.jsonl:1")

    def test_ids_are_unique_over_files_that_share_their_memory(self, tmp_path: Path) -> None:
        for name in ("b.jsonl", "c.jsonl"):
            write_lines(tmp_path / name, {"id": "a", "text": name})
        seen: dict[str, str] = {}
        read = [outcome for file in read_corpus(tmp_path).files for outcome in read_pages(file, seen)]
        assert read[1] == Skipped("c.jsonl:1", "its id was taken already at b.jsonl:1")
        assert seen == {"a": "b.jsonl:1"}

    def test_gb18030_with_a_line_in_ascii(self, tmp_path: Path) -> None:
        lines = '{"id": "a", "text": "plain"}\n{"id": "b", "text": "汉字"}\n'
        (tmp_path / "b.jsonl").write_bytes(lines.encode("gb18030"))
        assert [page.text for page in outcomes(tmp_path) if isinstance(page, Page)] == ["plain", "汉字"]

    def test_a_damaged_line_of_a_utf8_file_is_not_read_as_gb18030(self, tmp_path: Path) -> None:
        good = '{"id": "a", "text": "汉字"}\n'.encode()
        damaged = b'{"id": "b", "text": "' + "汉字".encode("gb18030") + b'"}\n'
        (tmp_path / "b.jsonl").write_bytes(b"\xef\xbb\xbf" + good + damaged)
        first, second = outcomes(tmp_path)
        assert isinstance(first, Page)
        assert isinstance(second, Skipped)
        assert "is not UTF-8" in second.reason

    def test_packed_records_are_read_alike(self, tmp_path: Path) -> None:
        plain = write_lines(tmp_path / "b.jsonl", {"id": "a", "text": "汉字"}, "{")
        packed = tmp_path / "b.jsonl.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        page, bad = outcomes(packed)
        assert isinstance(page, Page)
        assert isinstance(bad, Skipped)
        assert (page.source, page.text, bad.where) == ("b.jsonl.gz#a", "汉字", "b.jsonl.gz:2")

    def test_of_a_truncated_gzip_the_lines_before_the_damage_are_kept(self, tmp_path: Path) -> None:
        plain = write_lines(tmp_path / "x", *({"id": f"{n}", "text": os.urandom(300).hex()} for n in range(500)))
        data = gzip.compress(plain.read_bytes())
        (tmp_path / "b.jsonl.gz").write_bytes(data[: len(data) // 2])
        *pages, damage = list(read_pages(one(tmp_path / "b.jsonl.gz")))
        assert 200 < len(pages) < 260
        assert all(isinstance(page, Page) for page in pages)
        assert isinstance(damage, Skipped)
        assert (damage.where, "damaged gzip" in damage.reason) == ("b.jsonl.gz", True)

    @pytest.mark.parametrize(
        ("name", "data", "reason"),
        [
            ("b.jsonl.gz", b"not packed at all", "is a damaged gzip file"),
            ("b.jsonl", b"\x00\x01" * 100, "is a binary file, not JSON lines"),
            ("b.jsonl", b"\n  \n", "holds nothing but white space"),
            ("b.jsonl.gz", gzip.compress(b"", mtime=0), "holds nothing but white space"),
        ],
    )
    def test_a_file_without_a_record_is_named_once(self, tmp_path: Path, name: str, data: bytes, reason: str) -> None:
        (tmp_path / name).write_bytes(data)
        (skipped,) = outcomes(tmp_path)
        assert isinstance(skipped, Skipped)
        assert skipped.where == name
        assert reason in skipped.reason

    def test_an_endless_line_is_reported_and_passed_over(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rag.corpus.files.MAX_BYTES", 64)
        write_lines(tmp_path / "b.jsonl", {"id": "a", "text": "长" * 100}, {"id": "b", "text": "短"})
        long, short = outcomes(tmp_path)
        assert isinstance(long, Skipped)
        assert long.where == "b.jsonl:1"
        assert isinstance(short, Page)
        assert short.text == "短"
