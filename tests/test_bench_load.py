"""Measuring a server under load: callers see what is wrong, the material is a copy, the figures add up."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bench import load
from bench.callers import CHECKED_EVERY, Call, Calls, call_each, call_for, search_calls
from bench.common import read_lines
from bench.load import Figures, rate
from bench.memory import Memory
from bench.peers import __main__ as peers
from bench.served import Cores, Refresh, edit_largest, material
from rag.embedding.base import Embedder
from rag.errors import ExitCode, InputError
from rag.index.building.builder import build_index
from rag.library import Library
from rag.settings import Settings
from tests.test_bench import RECORDS, cells_of, made_up_results, write_lines

linux = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="memory is measured on Linux only")


def reply_of(query: str, hits: int = 1, status: str = "200 OK") -> bytes:
    body = json.dumps({"query": query, "hits": [{}] * hits}).encode()
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def answering(reply: Callable[[str], bytes]) -> Iterator[tuple[str, int]]:
    """A server that sends what `reply` makes of a query, and closes the connection after a reply that is cut off."""

    def serve(line: socket.socket) -> None:
        with closing(line), line.makefile("rb") as asked:
            while head := asked.readline():
                size = 0
                while head.strip():
                    if head.startswith(b"Content-Length"):
                        size = int(head.split(b":")[1])
                    head = asked.readline()
                answer = reply(json.loads(asked.read(size))["query"])
                line.sendall(answer)
                if not answer.endswith(b"}"):
                    return

    def accept() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return  # the listener is shut
            threads.append(threading.Thread(target=serve, args=(line,)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads: list[threading.Thread] = []
        accepting = threading.Thread(target=accept)
        accepting.start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        for thread in threads:
            thread.join()


def called(reply: Callable[[str], bytes], count: int, clients: int = 3) -> Calls:
    with answering(reply) as address:
        return call_for(address, search_calls(*address, ["渡口", "灯塔"]), clients, count=count)


def test_every_call_is_made_and_timed() -> None:
    asked: list[str] = []

    def reply(query: str) -> bytes:
        asked.append(query)
        return reply_of(query)

    told = called(reply, 60)
    assert not told.errors
    assert sorted(asked) == ["渡口"] * 30 + ["灯塔"] * 30 or sorted(asked) == ["灯塔"] * 30 + ["渡口"] * 30
    assert len(told.seconds) == len(told.ended) == 60
    assert told.checked == 60 / CHECKED_EVERY
    assert all(0 < took <= told.elapsed for took in told.seconds)
    assert told.per_second == pytest.approx(60 / told.elapsed)


def test_calls_are_made_for_a_time() -> None:
    with answering(reply_of) as address:
        told = call_for(address, search_calls(*address, ["渡口"]), 2, seconds=0.2)
    assert not told.errors
    assert told.elapsed >= 0.2
    assert len(told.seconds) > 2


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (lambda query: reply_of(query, status="503 Service Unavailable"), "503"),
        (lambda query: reply_of(query)[:-3], "ConnectionError"),
        (lambda query: b"HTTP/1.1 200 OK\r\n\r\n{}", "without a length"),
        (lambda query: b"", "ConnectionError"),
    ],
)
def test_what_is_no_good_reply_is_an_error(reply: Callable[[str], bytes], said: str) -> None:
    told = called(reply, 8)
    assert len(told.errors) == 8
    assert all(said in error for error in told.errors)
    assert not told.seconds
    assert told.per_second == 0


@pytest.mark.parametrize(
    ("reply", "said"), [(lambda query: reply_of("别的"), "别的"), (lambda query: reply_of(query, hits=0), "no hits")]
)
def test_the_content_of_replies_is_looked_at(reply: Callable[[str], bytes], said: str) -> None:
    [error] = called(reply, 1, clients=1).errors
    assert said in error
    with answering(reply) as address, pytest.raises(ConnectionError, match=said):
        list(call_each(address, [Call("渡口", search_calls(*address, ["渡口"])[0].request)]))


def test_one_record_of_the_largest_file_is_edited(tmp_path: Path) -> None:
    small = write_lines(tmp_path / "a.jsonl", RECORDS[:1])
    large = write_lines(tmp_path / "deep.jsonl.gz", RECORDS * 40)
    kept = small.read_bytes()
    assert edit_largest(tmp_path) == large
    assert small.read_bytes() == kept
    before, after = RECORDS * 40, list(read_lines(large))
    [changed] = [number for number, record in enumerate(after) if record != before[number]]
    assert after[changed]["text"].startswith(before[changed]["text"])
    assert len(after) == len(before)


def test_a_corpus_without_records_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("渡口今日停航\n", encoding="utf-8")
    with pytest.raises(InputError, match="no file of records"):
        edit_largest(tmp_path)


def test_what_is_changed_is_a_copy(tmp_path: Path) -> None:
    corpus = write_lines(tmp_path / "records.jsonl", RECORDS)
    (tmp_path / "vectors").mkdir()
    kept = corpus.read_bytes()
    with material(tmp_path / "vectors", corpus) as (vectors, copied):
        assert vectors.exists()
        assert vectors != tmp_path / "vectors"
        assert copied is not None
        assert len(copied.read_bytes()) > len(kept)
    assert corpus.read_bytes() == kept
    assert not vectors.exists()
    with material(tmp_path / "vectors", None) as unchanged:
        assert unchanged == (tmp_path / "vectors", None)


@linux
def test_the_cores_that_were_taken_add_up() -> None:
    began = Cores.now(os.getpid())
    while (taken := Cores.now(os.getpid()) - began).callers < 0.1:
        pass
    assert taken.server == pytest.approx(taken.callers, abs=0.05)  # here both are this process
    assert taken.all > 0.05
    assert Cores(3.0, 0.5, 4.0).others == 0.5
    assert Cores(3.0, 0.5, 3.0).others == 0.0


def figures_with(seconds: list[float], **changed: object) -> Figures:
    memory = {name: Memory(100.0, 50.0, {}) for name in ("ready", "before", "right after", "later")}
    made = {
        "http": [0.012] * 20,
        "library": [0.010] * 20,
        "rates": (100.0, 120.0),
        "load": Calls([1.0] * len(seconds), seconds, [], elapsed=10.0),
        "cores": Cores(12.0, 1.0, 15.0),
        "refresh": None,
        "memory": memory,
        "busy": (0.5, 3.0),
    }
    return Figures(**{**made, **changed})  # type: ignore[arg-type]


def verdicts(figures: Figures, capsys: pytest.CaptureFixture[str]) -> list[str]:
    load.tell(figures, 32)
    return re.findall(r"\| (yes|\*\*no\*\*) \|", capsys.readouterr().out)


def test_figures_are_judged_by_their_targets(capsys: pytest.CaptureFixture[str]) -> None:
    good = figures_with([0.25] * 1000)
    assert verdicts(good, capsys) == ["yes"] * 5
    grown = {**good.memory, "later": Memory(110.0, 50.0, {})}
    failed = Refresh(0.0, 2.0, "failed", 0)
    broken = Calls([1.0] * 1000, [0.25] * 1000, ["closed"], elapsed=10.0)
    for number, bad in enumerate(
        [
            figures_with([0.25] * 1000, library=[0.006] * 20),
            figures_with([0.25] * 1000, load=broken),
            figures_with([0.25] * 900 + [0.31] * 100),
            figures_with([0.25] * 800),
            figures_with([0.25] * 1000, memory=grown),
        ]
    ):
        assert verdicts(bad, capsys) == ["**no**" if at == number else "yes" for at in range(5)]
    assert verdicts(figures_with([0.25] * 1000, refresh=failed), capsys)[1] == "**no**"


def test_the_library_is_called_from_several_threads(sample_index: Settings, embedder: Embedder) -> None:
    with closing(Library.open(sample_index)) as library:
        assert rate(library, ["渡口", "灯塔"], 0.1) > 0


@linux
def test_a_server_is_measured_while_its_index_is_refreshed(
    tmp_path: Path, embedder: Embedder, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "records.jsonl.gz").write_bytes(
        gzip.compress("".join(json.dumps(record) + "\n" for record in RECORDS).encode())
    )
    build_index(Settings(corpus=corpus, vectors=tmp_path / "vectors"), embedder=embedder)
    live = (tmp_path / "vectors" / "CURRENT").read_bytes()
    given = ["--vectors", str(tmp_path / "vectors"), "--reindex", str(corpus), "--rest", "0", "--singly", "3"]
    assert load.main([*given, "--seconds", "2", "--clients", "4"]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert printed.startswith("4 articles, ")
    [count] = re.findall(r"errors of ([\d,]+) searches \| 0 \| 0 \| yes", printed)
    assert cells_of(printed, "4 clients")[0] == count.replace(",", "")
    assert re.search(r"Refresh: succeeded, [1-9]\d* passages embedded", printed)
    assert (tmp_path / "vectors" / "CURRENT").read_bytes() == live


def test_what_others_measured_stays_on_the_page_that_peers_write(tmp_path: Path) -> None:
    made_up_results().write(tmp_path / "kept.json")
    page = tmp_path / "page.md"
    written = ["--render", str(tmp_path / "kept.json"), "--write", str(page)]
    assert peers.main(written) == ExitCode.OK
    alone = page.read_text(encoding="utf-8")
    section = f"\n{peers.APART}\n\n## A server under load\n\nSome figures.\n"
    page.write_text("An old page\n" + section, encoding="utf-8")
    for _ in range(2):
        assert peers.main(written) == ExitCode.OK
        assert page.read_text(encoding="utf-8") == alone + section
