"""Files of the corpus over HTTP: whole or not at all, inside the corpus or not at all, and only where it is allowed."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.corpus.files import read_corpus
from rag.errors import InputError, RagError
from rag.index.watch.looking import look_at
from rag.settings import sample_path
from server import uploads
from server.refusals import Changed, PathRefused
from server.uploads import TEMPORARY, Upload, delete, names_of
from tests.server.conftest import make_state, serve_state
from tests.server.test_problems import the_problem

PAGE = "临溪镇开了夜校\n本报记者 周渡\n每周三晚上教人修农具。\n".encode()
OTHER = "临溪镇夜校搬家\n本报记者 周渡\n夜校搬到了旧粮站。\n".encode()
KEYS = "write:the-writer,read:the-reader"


def anyway(_: str | None) -> bool:
    return True


@contextmanager
def uploading(corpus: Path | None, **settings: object) -> Iterator[httpx.Client]:
    """A server that takes uploads into a corpus, and a client that may write."""
    given_settings = {"corpus": corpus, "allow_upload": True, "api_keys": KEYS} | settings
    state = make_state(**{name: value for name, value in given_settings.items() if value is not None})
    with serve_state(state, headers={"Authorization": "Bearer the-writer"}) as client:
        state.live.wait()
        yield client


@pytest.fixture
def corpus(workdir: Path) -> Path:
    (workdir / "pages").mkdir()
    return workdir / "pages"


@pytest.fixture
def client(corpus: Path) -> Iterator[httpx.Client]:
    with uploading(corpus) as caller:
        yield caller


def in_corpus(corpus: Path) -> dict[str, bytes]:
    """Every file and folder below, hidden ones included."""
    return {str(path.relative_to(corpus)): path.read_bytes() if path.is_file() else b"/" for path in corpus.rglob("*")}


def test_a_file_is_created_replaced_and_left_alone(client: httpx.Client, corpus: Path) -> None:
    digest = hashlib.sha256(PAGE).hexdigest()
    reply = client.put("/v1/corpus/2031/一版.txt", content=PAGE)
    assert reply.status_code == 201
    assert reply.headers["etag"] == f'"{digest}"'
    assert reply.json() == {
        "source": "2031/一版.txt",
        "outcome": "created",
        "bytes": len(PAGE),
        "sha256": digest,
        "refresh": "needed",
        "job": None,
    }
    file = corpus / "2031" / "一版.txt"
    before = file.stat()
    reply = client.put("/v1/corpus/2031/一版.txt", content=PAGE)
    assert (reply.status_code, reply.json()["outcome"], reply.json()["refresh"]) == (200, "unchanged", "none")
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    reply = client.put("/v1/corpus/2031/一版.txt", content=OTHER)
    assert (reply.status_code, reply.json()["outcome"]) == (200, "replaced")
    assert in_corpus(corpus) == {"2031": b"/", "2031/一版.txt": OTHER}


def test_a_file_keeps_the_rights_of_the_one_before(client: httpx.Client, corpus: Path) -> None:
    (corpus / "a.txt").write_bytes(OTHER)
    (corpus / "a.txt").chmod(0o640)
    assert client.put("/v1/corpus/a.txt", content=PAGE).status_code == 200
    assert (corpus / "a.txt").stat().st_mode & 0o777 == 0o640


def test_a_file_is_deleted_once(client: httpx.Client, corpus: Path) -> None:
    (corpus / "b").mkdir()
    (corpus / "b" / "a.md").write_bytes(PAGE)
    reply = client.delete("/v1/corpus/b/a.md")
    assert (reply.status_code, reply.content) == (204, b"")
    assert "b/a.md" in the_problem(client.delete("/v1/corpus/b/a.md"), 404, "not-found")["detail"]
    the_problem(client.delete("/v1/corpus/nowhere/a.md"), 404, "not-found")
    assert in_corpus(corpus) == {"b": b"/"}


def test_conditions_are_kept(client: httpx.Client, corpus: Path) -> None:
    url, tag = "/v1/corpus/a.txt", f'"{hashlib.sha256(PAGE).hexdigest()}"'
    the_problem(client.put(url, content=PAGE, headers={"If-Match": "*"}), 412, "changed-meanwhile")
    assert client.put(url, content=PAGE, headers={"If-None-Match": "*"}).status_code == 201
    the_problem(client.put(url, content=OTHER, headers={"If-None-Match": "*"}), 412, "changed-meanwhile")
    the_problem(client.put(url, content=OTHER, headers={"If-Match": f'"0", W/{tag}'}), 412, "changed-meanwhile")
    the_problem(client.delete(url, headers={"If-Match": '"0"'}), 412, "changed-meanwhile")
    assert in_corpus(corpus) == {"a.txt": PAGE}
    assert client.put(url, content=OTHER, headers={"If-Match": f'"0", {tag}'}).status_code == 200
    the_problem(client.delete(url, headers={"If-Match": tag}), 412, "changed-meanwhile")
    assert client.delete(url, headers={"If-Match": "*"}).status_code == 204
    the_problem(client.delete(url, headers={"If-Match": "*"}), 412, "changed-meanwhile")


def test_a_refresh_is_started_on_request(client: httpx.Client) -> None:
    reply = client.put("/v1/corpus/a.txt?refresh=true", content=PAGE).json()
    assert reply["refresh"] in {"started", "running"}
    assert reply["job"]["job_id"]
    the_problem(client.put("/v1/corpus/a.txt?refesh=true", content=PAGE), 422, "validation")
    assert client.delete("/v1/corpus/a.txt?refresh=true").status_code == 204


BAD_PATHS = {
    "": "empty name",
    "/a.txt": "empty name",
    "a//b.txt": "empty name",
    "a/": "empty name",
    "%2Fetc%2Fa.txt": "empty name",
    "../a.txt": "another folder",
    "%2e%2e/a.txt": "another folder",
    "b/..%2F..%2Fa.txt": "another folder",
    "./a.txt": "another folder",
    ".a.txt": "hidden",
    ".git/a.txt": "hidden",
    "C:/a.txt": "drive letter",
    "c:a.txt": "drive letter",
    "..%5Ca.txt": "hidden",
    "b%5Ca.txt": "\\",
    "a%00.txt": "control",
    "a%1b[2J.txt": "control",
    "a%E2%80%AEtxt.md": "control",
    "a%C2%9B.txt": "control",
    "%FF.txt": "UTF-8",
    "%20a.txt": "blank",
    "b%20/a.txt": "blank",
    "b./a.txt": "dot",
    "CON.txt": "device",
    "lpt1/a.txt": "device",
    "a.pdf": "is not a .txt, .md, .jsonl or .jsonl.gz file",
    "txt": "is not a",
    "a.txt/b.exe": "is not a",
    "x" * 300 + ".txt": "longer",
    "d/" * 20 + "a.txt": "folders deep",
}


def raw(client: httpx.Client, method: str, path: str, body: bytes = PAGE) -> httpx.Response:
    """A call whose path goes over the line as it stands; clients tidy paths up."""
    return client.request(
        method, "/v1/corpus/x", content=body, extensions={"target": f"/v1/corpus/{path}".encode("ascii")}
    )


def test_no_other_path_is_written_or_deleted(corpus: Path, client: httpx.Client) -> None:
    outside = corpus.parent / "a.txt"
    outside.write_bytes(OTHER)
    for path, reason in BAD_PATHS.items():
        for method in ("PUT", "DELETE"):
            problem = the_problem(raw(client, method, path), 422, "path")
            assert reason in str(problem["detail"]), path
            assert problem["hint"]
            assert not set("\x1b\x9b\u202e") & set(str(problem["detail"]))
    assert in_corpus(corpus) == {}
    assert outside.read_bytes() == OTHER


@given(st.text(alphabet=st.sampled_from("a.、/\\:\x00\x1b\u202e con~文"), max_size=12))
def test_what_is_let_through_lies_in_the_corpus_and_is_read_there(path: str) -> None:
    try:
        names = names_of(f"{path}.txt")
    except PathRefused:
        return
    assert "/".join(names) == f"{path}.txt"
    assert os.path.normpath("/".join(names)) == "/".join(names)
    assert not any(name.startswith(".") or not name.isprintable() for name in names)


def test_links_are_not_followed(corpus: Path, client: httpx.Client) -> None:
    outside = corpus.parent / "outside"
    outside.mkdir()
    (outside / "a.txt").write_bytes(OTHER)
    (corpus / "out").symlink_to(outside)
    (corpus / "inside").mkdir()
    (corpus / "in").symlink_to(corpus / "inside")
    (corpus / "a.txt").symlink_to(outside / "a.txt")
    (corpus / "dangling.txt").symlink_to(outside / "new.txt")
    for path in ("out/a.txt", "out/b/a.txt", "in/a.txt", "a.txt", "dangling.txt"):
        for method in ("PUT", "DELETE"):
            assert "link" in str(the_problem(raw(client, method, path), 422, "path")["detail"])
    assert in_corpus(outside) == {"a.txt": OTHER}
    assert (corpus / "a.txt").is_symlink()


def test_files_and_folders_do_not_take_each_other_s_place(corpus: Path, client: httpx.Client) -> None:
    (corpus / "a.txt").write_bytes(OTHER)
    (corpus / "b.txt").mkdir()
    os.mkfifo(corpus / "pipe.txt")
    assert "file and not a folder" in str(the_problem(raw(client, "PUT", "a.txt/b.txt"), 422, "path")["detail"])
    for path, what in (("b.txt", "a folder"), ("pipe.txt", "no file")):
        for method in ("PUT", "DELETE"):
            assert what in str(the_problem(raw(client, method, path), 422, "path")["detail"])


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


def test_a_file_larger_than_any_other_body_is_taken(corpus: Path, client: httpx.Client) -> None:
    body = PAGE * 20_000
    assert client.put("/v1/corpus/a.txt", content=body).status_code == 201
    assert (corpus / "a.txt").read_bytes() == body


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


def wait_for(holds: object) -> None:
    """Returns once it holds; the test's own time limit is the server's."""
    for _ in range(3_000):
        if holds():  # type: ignore[operator]
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came to hold")


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


def test_only_whoever_may_write_may_upload(corpus: Path, client: httpx.Client) -> None:
    for headers, status, slug in (
        ({"Authorization": "Bearer the-reader"}, 403, "forbidden"),
        ({"Authorization": "Bearer nobody"}, 401, "unauthorized"),
    ):
        the_problem(client.put("/v1/corpus/a.txt", content=PAGE, headers=headers), status, slug)
        the_problem(client.delete("/v1/corpus/a.txt", headers=headers), status, slug)
    assert in_corpus(corpus) == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"allow_upload": False}, "allow_upload"),
        ({"api_keys": ""}, "api_keys"),
        ({"corpus": None}, "sample"),
        ({"corpus": sample_path()}, "sample"),
        ({"corpus": Path("one.txt")}, "one file"),
    ],
    ids=str,
)
def test_where_uploads_are_off_the_reason_is_told(workdir: Path, settings: dict[str, object], said: str) -> None:
    (workdir / "one.txt").write_bytes(OTHER)
    (workdir / "pages").mkdir()
    before = sorted(sample_path().iterdir())
    with uploading(**({"corpus": Path("pages")} | settings)) as client:  # type: ignore[arg-type]
        for reply in (client.put("/v1/corpus/a.txt", content=PAGE), client.delete("/v1/corpus/a.txt")):
            problem = the_problem(reply, 403, "forbidden")
            assert said in f"{problem['detail']} {problem['hint']}"
    assert sorted(sample_path().iterdir()) == before
    assert not list((workdir / "pages").iterdir())


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
