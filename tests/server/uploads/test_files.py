"""Files of the corpus over HTTP: created, replaced, deleted, on conditions and by whoever may."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from rag.settings import sample_path
from tests.server.routes.test_problems import the_problem
from tests.server.uploads.calls import OTHER, PAGE, in_corpus, uploading


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


def test_a_file_larger_than_any_other_body_is_taken(corpus: Path, client: httpx.Client) -> None:
    body = PAGE * 20_000
    assert client.put("/v1/corpus/a.txt", content=body).status_code == 201
    assert (corpus / "a.txt").read_bytes() == body


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
