"""The commands on a real index: what they print, what they leave, and how they end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.cli.main import run
from rag.cli.opening import with_remembered_corpus
from rag.errors import ExitCode, IndexDamaged
from rag.settings import Settings
from server.app import build_app
from server.state import build_state

pytestmark = pytest.mark.usefixtures("opened_once")

QUESTION = "哪些城市搭建了婚恋交友平台？"
PAGE = """读书角开进菜市场
本报讯（记者 林小满）本月起，青禾县东门菜市场二楼多了一间读书角，摊主下了早市便可以借书。
读书角由县图书馆供书，现有图书一千二百册，每周五更换一次。
"""
OTHER_PAGE = """渡口添了候船亭
本报讯（记者 周渡）白沙镇渡口日前建成一座候船亭，亭内设长椅六张，雨天过河的居民不必再淋雨。
"""


@pytest.fixture
def pages(workdir: Path) -> Path:
    """A corpus of one page and two things that are no pages."""
    folder = workdir / "pages"
    folder.mkdir()
    (folder / "一.txt").write_text(PAGE, encoding="utf-8")
    (folder / "图.png").write_bytes(b"\x89PNG")
    (folder / "b.jsonl").write_text("{\n", encoding="utf-8")
    return folder


@pytest.fixture
def small_sample(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sample of one page in place of the built-in one, for tests that index it themselves."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "三.txt").write_text(OTHER_PAGE, encoding="utf-8")
    monkeypatch.setattr("rag.settings.sample_path", lambda: folder)
    return folder


@pytest.fixture
def on_sample(sample_index: Settings, workdir: Path) -> list[str]:
    """Flags that name the index of the sample."""
    return ["--vectors", str(sample_index.vectors)]


def without_times(body: str) -> str:
    return re.sub(r'"took_ms":[^,}]+', '"took_ms":0', body)


async def reply_of(settings: Settings, path: str, request: dict[str, Any]) -> str:
    app = build_app(build_state(settings))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client,
    ):
        reply = await client.post(path, json=request)
    assert reply.status_code == 200, reply.text
    return reply.text


async def api_says_the_same(settings: Settings, path: str, request: dict[str, Any], printed: str) -> bool:
    return without_times(await reply_of(settings, path, request)) + "\n" == without_times(printed)


async def test_ask_json_is_what_the_api_replies(
    sample_index: Settings, on_sample: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ask", QUESTION, "--json", "--top-k", "3", *on_sample]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert await api_says_the_same(sample_index, "/v1/ask", {"question": QUESTION, "top_k": 3}, printed)


async def test_search_json_is_what_the_api_replies(
    sample_index: Settings, on_sample: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--mode", "lexical", "--place", "江苏", "--place", "浙江"]
    assert run(["search", "职工", "--json", *flags, *on_sample]) == ExitCode.OK
    printed = capsys.readouterr().out
    request = {"query": "职工", "mode": "lexical", "filters": {"places": ["江苏", "浙江"]}}
    assert json.loads(printed)["hits"]
    assert await api_says_the_same(sample_index, "/v1/search", request, printed)


def test_ask_prints_the_answer_then_a_line_for_every_mark(
    on_sample: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ask", QUESTION, *on_sample]) == ExitCode.OK
    told = capsys.readouterr()
    answer, _, citations = told.out.rstrip("\n").rpartition("\n\n")
    marks = re.findall(r"\[(\d+)\]", answer)
    assert marks
    assert {line.split(" ", 1)[0] for line in citations.splitlines()} == {f"[{mark}]" for mark in marks}
    assert "built-in sample" in told.err


def test_search_prints_rank_article_and_passage(on_sample: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "婚恋", "--top-k", "2", *on_sample]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert [line[:2] for line in lines[::2]] == ["1.", "2."]
    assert "page-" in lines[0]


def test_a_search_that_finds_nothing_says_so_and_prints_no_data(
    on_sample: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["search", "婚恋", "--source", "nowhere.txt", *on_sample]) == ExitCode.OK
    told = capsys.readouterr()
    assert told.out == ""
    assert "nothing was found" in told.err


@pytest.mark.parametrize("question", ["", "  ", "长" * 5000], ids=["empty", "blank", "long"])
def test_a_question_that_cannot_be_asked(
    question: str, on_sample: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ask", question, *on_sample]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("error: ") == 1


def test_the_sample_is_indexed_by_itself_and_that_is_said(
    small_sample: Path, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["search", "渡口", "--top-k", "1"]) == ExitCode.OK
    told = capsys.readouterr()
    assert told.out.startswith("1.")
    assert "indexing the built-in sample" in told.err
    assert "embedding" in told.err
    assert (workdir / "vectors" / "CURRENT").exists()


def test_index_reports_what_it_did_and_names_what_it_left_out(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["index", "pages"]) == ExitCode.OK
    told = capsys.readouterr()
    assert "indexed pages" in told.out
    assert "1 files, 1 articles" in told.out
    assert "skipped 图.png: " in told.out
    assert "skipped b.jsonl:1: is not JSON" in told.out
    assert "embedding 1/1" in told.err

    assert run(["index", "--json"]) == ExitCode.OK
    report = json.loads(capsys.readouterr().out)
    assert report["changed"] is False
    assert {entry["where"] for entry in report["skipped"]} == {"图.png", "b.jsonl:1"}

    assert run(["status", "--json"]) == ExitCode.OK
    status = json.loads(capsys.readouterr().out)
    assert (status["corpus"], status["is_sample"]) == (str(pages.resolve()), False)
    assert len(status["skipped"]) == 2


def test_the_index_remembers_its_corpus(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither `ask` nor a later `index` falls back to the sample once a corpus has been indexed."""
    assert run(["index", "pages", "--json"]) == ExitCode.OK
    (pages / "二.txt").write_text(OTHER_PAGE, encoding="utf-8")
    assert run(["index", "--json"]) == ExitCode.OK
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["counts"]["sources"], second["counts"]["sources"]) == (1, 2)
    assert (second["embedded"], second["kept"]) == (1, 1)

    assert run(["ask", "青禾县的读书角有多少册图书？"]) == ExitCode.OK
    told = capsys.readouterr()
    assert "一千二百册" in told.out
    assert "一.txt" in told.out
    assert "sample" not in told.err


def test_the_sample_can_be_had_back(small_sample: Path, pages: Path) -> None:
    settings = Settings(vectors=Path("vectors"))
    assert with_remembered_corpus(settings).sample_corpus
    assert run(["index", "pages"]) == ExitCode.OK
    assert with_remembered_corpus(settings).corpus == pages.resolve()
    assert with_remembered_corpus(Settings(corpus=Path("elsewhere"))).corpus == Path("elsewhere")
    assert run(["index", "--sample"]) == ExitCode.OK
    assert with_remembered_corpus(settings).sample_corpus


def test_a_corpus_and_the_sample_are_not_both_indexed(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["index", "pages", "--sample"]) == ExitCode.USAGE
    assert "--sample" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_corpus_with_nothing_in_it_leaves_the_index_as_it_was(
    pages: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["index", "pages"]) == ExitCode.OK
    (pages.parent / "empty").mkdir()
    before = (pages.parent / "vectors" / "CURRENT").read_text()
    capsys.readouterr()
    assert run(["index", name]) == ExitCode.CORPUS
    told = capsys.readouterr()
    assert told.out == ""
    assert name in told.err
    assert "hint: " in told.err
    assert (pages.parent / "vectors" / "CURRENT").read_text() == before
    assert run(["search", "读书角"]) == ExitCode.OK


def test_an_interrupted_index_says_what_is_kept(
    pages: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rag.index.building.builder.build_index", interrupted)
    assert run(["index", "pages"]) == ExitCode.INTERRUPTED
    assert "the index is as it was, what has been embedded is kept" in capsys.readouterr().err


class TestDamage:
    @pytest.fixture
    def live(self, small_sample: Path, workdir: Path) -> Path:
        """The folder of a sample's live generation, to be damaged."""
        assert run(["index"]) == ExitCode.OK
        return workdir / "vectors" / "generations" / (workdir / "vectors" / "CURRENT").read_text().strip()

    def test_doctor_finds_nothing_wrong_with_a_good_index(self, live: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["doctor"]) == ExitCode.OK
        assert [line[:4] for line in capsys.readouterr().out.splitlines()[-4:]] == ["ok  "] * 4

    def test_doctor_names_the_damaged_file_and_how_to_mend_it(
        self, live: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        largest = max(live.iterdir(), key=lambda path: path.stat().st_size)
        data = bytearray(largest.read_bytes())
        data[len(data) // 2] ^= 0xFF
        largest.write_bytes(data)
        assert run(["doctor"]) == ExitCode.INDEX
        told = capsys.readouterr().out
        assert "bad  index: " in told
        assert largest.name in told
        assert "hint: Build it anew: `wenbao index`" in told

    def test_what_doctor_says_mends_it(self, live: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for path in live.iterdir():
            if path.name != "manifest.json":
                path.write_bytes(b"damaged")
        assert run(["search", "渡口"]) == ExitCode.INDEX
        assert run(["index"]) == ExitCode.OK
        assert run(["doctor"]) == ExitCode.OK

    def test_an_index_that_cannot_name_its_corpus_is_not_replaced_by_the_sample(
        self, live: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (live / "manifest.json").write_text("damaged")
        with pytest.raises(IndexDamaged, match="not known which corpus"):
            with_remembered_corpus(Settings(vectors=Path("vectors")))
        assert run(["index"]) == ExitCode.INDEX
        assert "wenbao index --sample" in capsys.readouterr().err
        assert run(["index", "--sample"]) == ExitCode.OK


def test_doctor_where_nothing_is_indexed_yet(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == ExitCode.OK
    assert "ok   index: none in vectors yet" in capsys.readouterr().out


def test_doctor_misses_an_index_of_a_corpus_that_is_set(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--corpus", "nowhere", "doctor"]) == ExitCode.INDEX
    told = capsys.readouterr().out
    assert "bad  index: there is no index in vectors" in told
    assert "bad  corpus: there is no corpus at nowhere" in told
