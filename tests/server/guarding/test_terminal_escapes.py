"""A corpus that means to take over the terminal of whoever reads it: it is read everywhere and obeyed nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cli.main import run
from rag.embedding.base import Embedder
from rag.errors import ExitCode
from rag.index.building.builder import build_index
from rag.settings import Settings
from rag.steering import inert_json, one_line, printable
from server.state import build_state
from tests.server.conftest import serve_state
from tests.tui.conftest import ready

ESCAPES = ["\x1b[2J", "\x1b]0;own\x07", "\x9b31m", "\x90q\x9c", "\u202e", "\u2066", "\u200f", "\u061c", "\x7f", "\x08"]
STEERING = {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), *"\u061c\u200e\u200f"} - {"\t", "\n"}
STEERING |= {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
QUESTION = "磨坊镇的水车哪一年修好？"
EVIL = "".join(ESCAPES)
PAGE = (
    f"磨坊镇{ESCAPES[0]}水车重转\n本报讯（记者 洪{ESCAPES[2]}小渠）磨坊镇的水车{ESCAPES[4]}于2031年{ESCAPES[5]}修好，"
    f"重新{ESCAPES[1]}转动起来{ESCAPES[7]}。守水车的老人说，{ESCAPES[8]}孩子们每天放学都来看{ESCAPES[9]}。\n"
    + "水车旁新添了石凳和遮阳棚，镇上的人傍晚在那里乘凉。\n"
    * 12
)
RECORD = {
    "id": "mill-2",
    "title": f"水车{EVIL}的来历\r\nskipped forged",
    "byline": f"洪小渠{EVIL}",
    "place": [f"磨坊镇{EVIL}"],
    "text": f"磨坊镇的水车{EVIL}最早是1874年造的，2031年修好时换了三片木叶{EVIL}。",
}


def is_inert(text: str) -> bool:
    return not STEERING & set(text)


@pytest.fixture(scope="module")
def evil(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with the corpus indexed."""
    folder = tmp_path_factory.mktemp("evil")
    corpus = folder / "pages"
    corpus.mkdir()
    (corpus / f"磨坊{EVIL.replace('/', '')}.txt").write_text(PAGE, encoding="utf-8", newline="")
    (corpus / f"old{EVIL}\nskipped forged.pdf").write_bytes(b"%PDF")
    (corpus / "r.jsonl").write_text(json.dumps(RECORD, ensure_ascii=False) + "\n{\x1b[2J\n", encoding="utf-8")
    settings = Settings(corpus=corpus, vectors=folder / "vectors", watch=False)
    build_index(settings, embedder=embedder)
    return settings


CALLS = [
    ["ask", QUESTION],
    ["ask", QUESTION, "--explain"],
    ["ask", f"水车{EVIL}？"],
    ["ask", QUESTION, "--json"],
    ["search", "水车"],
    ["search", "水车", "--explain"],
    ["search", "水车", "--json"],
    ["why", "mill-2", QUESTION],
    ["status"],
    ["status", "--json"],
    ["index"],
    ["index", "--json"],
    ["index", "--dry-run"],
    ["index", "--list"],
    ["index", "--list", "--json"],
    ["doctor"],
]
FAILING = [["why", EVIL, QUESTION], ["index", f"no{EVIL}where"], ["eval", f"no{EVIL}where"]]


@pytest.mark.usefixtures("opened_once")
@pytest.mark.parametrize(
    "call", CALLS + FAILING, ids=lambda call: " ".join(call).encode("unicode_escape").decode()[:30]
)
def test_no_command_prints_what_steers(
    evil: Settings, workdir: Path, capfdbinary: pytest.CaptureFixture[bytes], call: list[str]
) -> None:
    named = [] if call in FAILING else ["--corpus", str(evil.corpus)]
    status = run([*call, "--vectors", str(evil.vectors), *named])
    printed, told = (stream.decode("utf-8") for stream in capfdbinary.readouterr())
    assert (status == ExitCode.OK) == bool(printed) == (call not in FAILING), told
    assert is_inert(printed), printed
    assert is_inert(told), told
    assert not any(line.startswith("skipped forged") for line in printed.splitlines())


@pytest.mark.usefixtures("opened_once")
def test_what_is_asked_for_as_json_is_told_to_the_character(
    evil: Settings, workdir: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    run(["search", "水车", "--json", "--vectors", str(evil.vectors)])
    hits = json.loads(capfdbinary.readouterr().out)["hits"]
    assert {hit["title"] for hit in hits if hit["article_id"] == "mill-2"} == {RECORD["title"]}
    assert RECORD["text"] in {hit["text"] for hit in hits}


@pytest.fixture
def served(evil: Settings, opened_once: None, workdir: Path) -> Iterator[httpx.Client]:
    state = build_state(evil)
    with serve_state(state) as client:
        state.live.wait()
        yield client


def test_no_reply_holds_what_steers(served: httpx.Client) -> None:
    articles = served.get("/v1/articles").json()["items"]
    replies = [
        served.post("/v1/search", json={"query": "水车"}),
        served.post("/v1/ask", json={"question": QUESTION, "explain": True}),
        served.post("/v1/ask", json={"question": QUESTION, "stream": True}),
        served.post(
            "/v1/chat/completions", json={"model": "wenbao", "messages": [{"role": "user", "content": QUESTION}]}
        ),
        served.post(
            "/v1/chat/completions",
            json={"model": "wenbao", "messages": [{"role": "user", "content": QUESTION}], "stream": True},
        ),
        served.post("/v1/search", json={"query": "水车", EVIL: 1}),
        served.get("/v1/articles"),
        *(served.get(f"/v1/articles/{one['article_id']}") for one in articles),
        served.get(f"/v1/articles/{quote(EVIL)}"),
        served.get("/v1/nothing", params={EVIL: EVIL}),
        served.get("/v1/index"),
        served.get("/metrics"),
        served.get(f"/v1/{quote(EVIL)}"),
    ]
    for reply in replies:
        assert is_inert(reply.content.decode()), reply.text
        if "content-length" in reply.headers:
            assert int(reply.headers["content-length"]) == len(reply.content)
    assert RECORD["text"] in {hit["text"] for hit in replies[0].json()["hits"]}
    assert json.loads(replies[2].text.rsplit("data: ", 1)[1])["citations"] == replies[1].json()["citations"]


async def test_no_screen_shows_what_steers(served: httpx.Client) -> None:
    async with ready(str(served.base_url).rstrip("/")) as screenful:
        await screenful.ask_and_read(QUESTION)
        assert "水车" in screenful.text()
        assert is_inert(screenful.text())


@given(st.text())
def test_escaped_json_says_the_same(text: str) -> None:
    body = json.dumps({"text": text}, ensure_ascii=False)
    assert json.loads(inert_json(body)) == {"text": text}
    assert is_inert(inert_json(body))


@given(st.text(alphabet=st.sampled_from([*"文a \t\n\u2028", *"".join(ESCAPES)])))
def test_what_is_printed_is_inert_and_as_long(text: str) -> None:
    assert is_inert(printable(text))
    assert len(printable(text)) == len(one_line(text)) == len(text)
    assert len(one_line(text).splitlines()) <= 1
