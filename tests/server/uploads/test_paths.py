"""Nothing outside the corpus is written or deleted, whatever path is asked for."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
from hypothesis import given
from hypothesis import strategies as st

from server.refusals import PathRefused
from server.uploads import names_of
from tests.server.routes.test_problems import the_problem
from tests.server.uploads.calls import OTHER, in_corpus, raw

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
    "a.png": "is not a .txt, .md, .pdf, .html, .htm, .docx, .epub, .jsonl or .jsonl.gz file",
    "txt": "is not a",
    "a.txt/b.exe": "is not a",
    "x" * 300 + ".txt": "longer",
    "d/" * 20 + "a.txt": "folders deep",
}


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
