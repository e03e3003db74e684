"""One citation object everywhere: whichever face is asked, it gives the same JSON, byte for byte.

A face is a function from a question to the raw JSON of each citation that it gives; a new one is a line of `FACES`.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import openai
import pytest
from mcp import Client

from rag.cli.main import run
from rag.embedding.base import Embedder
from rag.errors import ExitCode
from rag.index.building.builder import build_index
from rag.settings import Settings
from server.client import Wenbao
from server.mcp.app import build_server
from server.schemas import CitationOut
from server.state import build_state
from tests.rag.corpus.formats.making import Print, write_epub
from tests.server.conftest import serve_state
from tui.taking.document import as_json
from tui.talk.session import Conversation, Turn

pytestmark = pytest.mark.usefixtures("opened_once")

QUESTIONS = ("哪些城市搭建了婚恋交友平台？", "淄博的工会驿站分为哪三种?", "火星上的大白菜多少钱一斤？")
_OPENING = re.compile(r'\{"n":')


@dataclass(frozen=True)
class Paper:
    """The sample, on a server and off it."""

    settings: Settings
    client: httpx.Client

    @property
    def url(self) -> str:
        return str(self.client.base_url).rstrip("/")


Face = Callable[[Paper, str], list[str]]


def found_in(text: str) -> list[str]:
    """The raw JSON of every citation in a reply, in order."""
    decoder = json.JSONDecoder()
    return [text[one.start() : decoder.raw_decode(text, one.start())[1]] for one in _OPENING.finditer(text)]


def native(paper: Paper, question: str) -> list[str]:
    return found_in(paper.client.post("/v1/ask", json={"question": question}).text)


def streamed(name: str) -> Face:
    """The citations of a native stream's events of one name."""

    def face(paper: Paper, question: str) -> list[str]:
        told = paper.client.post("/v1/ask", json={"question": question, "stream": True}).text
        events = [event for event in told.split("\n\n") if event.startswith(f"event: {name}\n")]
        return [citation for event in events for citation in found_in(event)]

    return face


def _chat(paper: Paper, question: str, **more: Any) -> str:
    body = {"model": "wenbao", "messages": [{"role": "user", "content": question}]} | more
    return paper.client.post("/v1/chat/completions", json=body).text


def openai_whole(paper: Paper, question: str) -> list[str]:
    return _twice(found_in(_chat(paper, question)))


def openai_streamed(paper: Paper, question: str) -> list[str]:
    return _twice(found_in(_chat(paper, question, stream=True)))


def openai_package(paper: Paper, question: str) -> list[str]:
    with openai.OpenAI(base_url=f"{paper.url}/v1", api_key="unused") as chat:
        messages: Any = [{"role": "user", "content": question}]
        completion = chat.chat.completions.create(model="wenbao", messages=messages)
    return [compact(citation) for citation in (completion.model_extra or {})["citations"]]


def python_client(paper: Paper, question: str) -> list[str]:
    with Wenbao(paper.url) as client:
        return [citation.model_dump_json() for citation in client.ask(question).citations]


def command_line(paper: Paper, question: str) -> list[str]:
    with redirect_stdout(io.StringIO()) as printed:
        assert run(["ask", question, "--json", "--vectors", str(paper.settings.vectors)]) == ExitCode.OK
    return found_in(printed.getvalue())


def written_file(paper: Paper, question: str) -> list[str]:
    """The JSON that the terminal UI writes a conversation to."""
    with Wenbao(paper.url) as client:
        turn = Turn(question)
        turn.settle(client.ask(question))
    document = json.loads(as_json(Conversation([turn]), question, datetime.now(UTC)))
    return [compact(citation) for citation in document["turns"][0]["citations"]]


def mcp_tool(paper: Paper, question: str) -> list[str]:
    async def ask() -> Any:
        async with Client(build_server(build_state(paper.settings))) as caller:
            return await caller.call_tool("ask", {"question": question})

    return [compact(citation) for citation in anyio.run(ask).structured_content["citations"]]


FACES: dict[str, Face] = {
    "the end of a stream": streamed("done"),
    "a stream's citation events": streamed("citation"),
    "OpenAI's completion": openai_whole,
    "OpenAI's stream": openai_streamed,
    "the openai package": openai_package,
    "the Python client": python_client,
    "the command line": command_line,
    "MCP": mcp_tool,
    "a conversation in a file": written_file,
}


CANAL = "老水渠通水那天是四月十二日，三百二十户人家的稻田从此不再等雨。"
COST = "镇水利站站长沈怀山说，修老水渠一共花了四十七万元，其中村民自筹九万元。"
FERRY = "渡口的船夫姓裴，收了老周五个铜板才肯开船。"
ABOUT_DOCUMENTS = {"修老水渠花了多少钱？": ("canal.pdf", 2), "渡口的船夫姓什么？": ("book.epub", None)}


def compact(citation: object) -> str:
    """JSON as the server writes it, for faces whose clients hand out what they have read; the order is the wire's."""
    return json.dumps(citation, ensure_ascii=False, separators=(",", ":"))


def _twice(citations: list[str]) -> list[str]:
    """The citations of a reply that has them both in the message and beside it."""
    half = len(citations) // 2
    assert citations[:half] == citations[half:]
    return citations[:half]


@pytest.fixture(scope="module")
def paper(sample_index: Settings) -> Iterator[Paper]:
    settings = sample_index.model_copy(update={"watch": False})
    with serve_state(build_state(settings)) as client:
        yield Paper(settings, client)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_face_gives_the_same_bytes(paper: Paper, workdir: object, face: str, question: str) -> None:
    assert FACES[face](paper, question) == native(paper, question)


def test_there_is_something_to_compare(paper: Paper) -> None:
    assert [len(native(paper, question)) > 0 for question in QUESTIONS] == [True, True, False]


def test_a_citation_has_the_fields_that_are_promised(paper: Paper) -> None:
    promised = ["n", "article_id", "chunk_id", "title", "byline", "date", "source", "spans", "quote", "page"]
    for raw in native(paper, QUESTIONS[0]):
        assert list(json.loads(raw)) == promised == list(CitationOut.model_fields)
        assert compact(json.loads(raw)) == raw


def test_what_is_written_to_a_file_stands_in_the_pages(paper: Paper) -> None:
    """Whoever has the file and the corpus can check every quote of it."""
    folder = paper.settings.corpus_path
    for raw in written_file(paper, QUESTIONS[0]) + written_file(paper, QUESTIONS[1]):
        citation = json.loads(raw)
        with (folder / citation["source"]).open(encoding="utf-8", newline="") as stream:
            page = stream.read()
        found = "".join(page[start:end] for start, end in citation["spans"])
        assert "".join(found.split()) == "".join(citation["quote"].split()) != ""


@pytest.fixture(scope="module")
def documents(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    """A PDF of two pages and a book, on a server."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "corpus").mkdir()
    sheet = Print(folder / "corpus" / "canal.pdf")
    for paragraph in (CANAL, COST):
        sheet.paragraph(paragraph)
        sheet.page()
    sheet.save()
    write_epub(folder / "corpus" / "book.epub", [("过河", f"<p>{FERRY}</p>")])
    settings = Settings(corpus=folder / "corpus", vectors=folder / "vectors", watch=False)
    build_index(settings, embedder=embedder)
    with serve_state(build_state(settings)) as client:
        yield Paper(settings, client)


@pytest.mark.parametrize("face", FACES)
def test_every_face_cites_documents_alike(documents: Paper, workdir: object, face: str) -> None:
    for question, (source, page) in ABOUT_DOCUMENTS.items():
        found = FACES[face](documents, question)
        assert found == native(documents, question)
        assert [(one["source"], one["page"]) for one in map(json.loads, found)] == [(source, page)]


def test_a_citation_of_a_document_stands_in_the_text_that_was_taken_out_of_it(
    documents: Paper, workdir: object
) -> None:
    for question, (source, _) in ABOUT_DOCUMENTS.items():
        with redirect_stdout(io.StringIO()) as printed:
            assert run(["text", source, "--vectors", str(documents.settings.vectors)]) == ExitCode.OK
        for citation in map(json.loads, native(documents, question)):
            found = "".join(printed.getvalue()[start:end] for start, end in citation["spans"])
            assert "".join(found.split()) == "".join(citation["quote"].split()) != ""
