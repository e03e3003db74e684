"""A file is there whole or not at all, whatever breaks and however many put it."""

from __future__ import annotations

import errno
import os
import socket
import threading
from pathlib import Path

import httpx
import pytest

from rag.corpus.files import read_corpus
from rag.errors import InputError, RagError
from rag.index.watch.looking import look_at
from server import uploads
from server.refusals import Changed
from server.uploads import TEMPORARY, Upload, delete, names_of
from tests.server.routes.test_problems import the_problem
from tests.server.uploads.calls import OTHER, PAGE, anyway, in_corpus, uploading, wait_for


def test_an_empty_or_packed_body_is_refused(corpus: Path, client: httpx.Client) -> None:
    the_problem(client.put("/v1/corpus/new/a.txt", content=b""), 422, "input")
    packed = client.put("/v1/corpus/new/a.txt", content=PAGE, headers={"Content-Encoding": "gzip"})
    the_problem(packed, 422, "input")
    assert in_corpus(corpus) == {}


def test_a_large_file_is_refused_and_leaves_nothing(corpus: Path) -> None:
    with uploading(corpus, max_upload_bytes=2_000) as client:
        assert client.put("/v1/corpus/b/a.txt", content=b"x" * 2_000).status_code == 201
        for body in (b"x" * 2_001, iter([b"x" * 1_500] * 2)):
            problem = the_problem(client.put("/v1/corpus/c/a.txt", content=body), 413, "too-large")
            assert "max_upload_bytes" in str(problem["hint"])
    assert in_corpus(corpus) == {"b": b"/", "b/a.txt": b"x" * 2_000}


def test_who_goes_away_in_the_middle_leaves_nothing(corpus: Path, client: httpx.Client) -> None:
    (corpus / "a.txt").write_bytes(OTHER)
    head = "PUT /v1/corpus/{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer the-writer\r\n"
    for path in ("a.txt", "new/a.txt"):
        with socket.create_connection((client.base_url.host, client.base_url.port), timeout=30) as line:
            line.sendall(f"{head.format(path)}Content-Length: 1000\r\n\r\n".encode() + PAGE)
            wait_for(lambda: any(TEMPORARY in str(one) for one in corpus.rglob("*")))
            assert read_corpus(corpus).files[0].source == "a.txt"
            assert not [one for one in look_at([corpus]).entries if TEMPORARY in str(one[0])]
            assert len(read_corpus(corpus).files) == 1
        wait_for(lambda: not any(TEMPORARY in str(one) for one in corpus.rglob("*")))
    assert in_corpus(corpus) == {"a.txt": OTHER}


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_loses_nothing(
    corpus: Path, client: httpx.Client, monkeypatch: pytest.MonkeyPatch, step: str, code: int
) -> None:
    (corpus / "a.txt").write_bytes(OTHER)

    def full(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code), str(corpus))

    with monkeypatch.context() as patch:
        patch.setattr(uploads.os, step, full)
        for path in ("a.txt", "new/b.txt"):
            reply = client.put(f"/v1/corpus/{path}", content=PAGE)
            assert "space" in str(the_problem(reply, 507, "disk-full")["detail"])
            assert str(corpus) not in reply.text
    assert in_corpus(corpus) == {"a.txt": OTHER}
    assert client.put("/v1/corpus/a.txt", content=PAGE).status_code == 200


def test_what_may_not_be_written_is_a_problem(
    corpus: Path, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(corpus))

    monkeypatch.setattr(uploads.os, "replace", denied)
    monkeypatch.setattr(uploads.os, "unlink", denied)
    (corpus / "b.txt").write_bytes(OTHER)
    for reply in (client.put("/v1/corpus/a.txt", content=PAGE), client.delete("/v1/corpus/b.txt")):
        the_problem(reply, 503, "write")
        assert str(corpus) not in reply.text
    assert [file.source for file in read_corpus(corpus).files] == ["b.txt"]


def test_a_corpus_that_is_gone_is_a_problem(corpus: Path, client: httpx.Client) -> None:
    corpus.rmdir()
    reply = client.put("/v1/corpus/a.txt", content=PAGE)
    the_problem(reply, 503, "corpus-missing")
    assert str(corpus) not in reply.text
    assert not corpus.exists()


def test_of_many_who_put_one_file_each_is_whole(corpus: Path) -> None:
    texts = [f"{number}".encode() * 30_000 for number in range(8)]
    names = names_of("deep/er/a.txt")
    ready = threading.Barrier(len(texts))
    created: list[str] = []

    def put(text: bytes) -> None:
        ready.wait()
        with Upload(corpus, names) as upload:
            for start in range(0, len(text), 1_000):
                upload.write(text[start : start + 1_000])
            created.append(upload.publish(anyway).outcome)

    threads = [threading.Thread(target=put, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(created) == ["created", *["replaced"] * 7]
    assert (corpus / "deep" / "er" / "a.txt").read_bytes() in texts
    assert len(in_corpus(corpus)) == 3


def test_of_many_who_create_one_file_one_does(corpus: Path) -> None:
    ready, outcomes = threading.Barrier(6), []

    def put(number: int) -> None:
        with Upload(corpus, ("a.txt",)) as upload:
            upload.write(b"%d" % number)
            ready.wait()
            try:
                outcomes.append(upload.publish(lambda known: known is None).outcome)
            except Changed:
                outcomes.append("refused")

    threads = [threading.Thread(target=put, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created", *["refused"] * 5]


def test_no_file_stays_open(corpus: Path) -> None:
    def descriptors() -> int:
        opened = Path("/proc/self/fd")
        return len([*opened.iterdir()]) if opened.exists() else 0

    before = descriptors()
    for path in ("a.txt", "b/c/a.txt"):
        with Upload(corpus, names_of(path)) as upload:
            upload.write(PAGE)
            upload.publish(anyway)
        with pytest.raises(InputError), Upload(corpus, names_of(path)) as upload:
            upload.publish(anyway)
        delete(corpus, names_of(path), anyway)
        with pytest.raises(RagError):
            delete(corpus, names_of(path), anyway)
    assert descriptors() == before
