"""Every error is an RFC 9457 problem, whoever raised it, and a defect says nothing of the insides."""

from __future__ import annotations

import logging

import httpx
import pytest

from rag import errors as family
from rag.errors import IndexMissing, RagError
from server.errors import MAX_FIELD_ERRORS, PROBLEM_TYPE, Loading, problem_of, status_of
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary


def the_problem(reply: httpx.Response, status: int, slug: str) -> dict[str, object]:
    """The problem of a reply, whose status, media type and slug it checks."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem["type"] == PROBLEM_TYPE + slug
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


def all_errors() -> list[type[RagError]]:
    found = [value for value in vars(family).values() if isinstance(value, type) and issubclass(value, RagError)]
    return [*found, Loading]


@pytest.mark.parametrize("kind", all_errors())
def test_every_error_of_the_family_has_a_problem(kind: type[RagError]) -> None:
    problem = problem_of(kind("what is wrong", hint="do this"))
    assert problem.type == PROBLEM_TYPE + kind.slug
    assert problem.status == status_of(kind("x"))
    assert 400 <= problem.status < 600
    if kind is not RagError:
        assert (problem.detail, problem.hint) == ("what is wrong", "do this")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("InputError", 422),
        ("NotFound", 404),
        ("IndexMissing", 503),
        ("IndexDamaged", 503),
        ("IndexMismatch", 503),
        ("IndexLocked", 409),
        ("ModelDamaged", 503),
        ("CorpusMissing", 503),
        ("WriteError", 503),
        ("ServerError", 502),
        ("RagError", 500),
    ],
)
def test_statuses(name: str, status: int) -> None:
    assert status_of(getattr(family, name)("x")) == status


def test_fields_that_cannot_be_used_are_named(client: httpx.Client) -> None:
    body = {"query": "问" * 5_000, "top_k": 0, "x": 1}
    problem = the_problem(client.post("/v1/search", json=body), 422, "validation")
    assert {error["field"] for error in problem["errors"]} == {"query", "top_k", "x"}
    assert all(error["message"] for error in problem["errors"])
    assert problem["detail"] == "3 fields cannot be used."
    problem = the_problem(client.post("/v1/ask", json={"question": "问" * 5_000}), 422, "validation")
    assert problem["detail"] == "question: String should have at most 2000 characters"
    problem = the_problem(client.get("/v1/articles?limit=0&page=2"), 422, "validation")
    assert {error["field"] for error in problem["errors"]} == {"limit", "page"}
    the_problem(client.post("/v1/index", json={"force": True}), 422, "validation")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"query": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_object_is_a_problem(client: httpx.Client, body: bytes) -> None:
    reply = client.post("/v1/search", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in {400, 422}
    assert reply.headers["content-type"] == "application/problem+json"
    assert client.get("/healthz").status_code == 200


def test_broken_json_is_told_with_its_place(client: httpx.Client) -> None:
    reply = client.post("/v1/ask", content=b'{"question": 5', headers={"Content-Type": "application/json"})
    problem = the_problem(reply, 422, "validation")
    assert problem["detail"].startswith("body: this is no JSON from character 14 on")
    assert [error["field"] for error in problem["errors"]] == ["body"]


def test_hostile_field_names_stay_short(client: httpx.Client) -> None:
    names = ",".join(f'"{"x" * 900}{number}": 1' for number in range(100))
    reply = client.post("/v1/search", content=f"{{{names}}}", headers={"Content-Type": "application/json"})
    problem = the_problem(reply, 422, "validation")
    assert len(problem["errors"]) == MAX_FIELD_ERRORS
    assert len(reply.content) < 10_000


def test_lone_surrogates_are_a_problem_in_names_and_values(client: httpx.Client) -> None:
    for body in (b'{"\\ud800": 1}', b'{"query": "\\ud800"}'):
        reply = client.post("/v1/search", content=body, headers={"Content-Type": "application/json"})
        the_problem(reply, 422, "validation")


def test_a_file_name_that_is_not_utf8_can_be_told() -> None:
    problem = problem_of(family.CorpusMissing("no file \udcff.txt"))
    assert problem.detail == "no file ?.txt"
    assert problem.model_dump_json()


def test_paths_and_methods(client: httpx.Client) -> None:
    the_problem(client.get("/v2"), 404, "no-such-path")
    the_problem(client.get("/v1/search/"), 404, "no-such-path")
    reply = client.delete("/v1/ask")
    problem = the_problem(reply, 405, "method-not-allowed")
    assert reply.headers["allow"] == "POST"
    assert problem["hint"] == "Use POST."
    reply = client.patch("/v1/index")  # which has a route for each of its methods
    problem = the_problem(reply, 405, "method-not-allowed")
    assert reply.headers["allow"] == "GET, POST"
    assert problem["hint"] == "Use GET, POST."
    problem = the_problem(client.get("/v1/articles/nobody"), 404, "not-found")
    assert "nobody" in problem["detail"]
    assert problem["hint"] == "GET /v1/articles lists them."


def test_what_the_library_refuses_is_a_problem(client: httpx.Client) -> None:
    problem = the_problem(client.get("/v1/articles?cursor=x"), 422, "input")
    assert problem["detail"] == "cursor x was given by no reply."


@pytest.mark.parametrize("error", [ZeroDivisionError("/home/someone/key-123"), RagError("/home/someone/key-123")])
def test_a_defect_keeps_its_insides(workdir: object, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    library = FakeLibrary(ask_error=error)
    with serve_state(make_state(library)) as client:
        reply = client.post("/v1/ask", json={"question": "谁？"})
        library.ask_error = None
        assert client.post("/v1/ask", json={"question": "谁？"}).status_code == 200
    the_problem(reply, 500, "internal")
    assert "key-123" not in reply.text
    assert "Traceback" not in reply.text
    assert [record.levelno for record in caplog.records if record.exc_info] == [logging.ERROR]


def test_without_an_index_every_call_says_what_to_run(workdir: object) -> None:
    def opener(_: object) -> FakeLibrary:
        raise IndexMissing("Nothing has been indexed in vectors yet.", hint="Run `wenbao index`.")

    with serve_state(make_state(opener=opener)) as client:
        for reply in (
            client.post("/v1/search", json={"query": "桥"}),
            client.post("/v1/ask", json={"question": "桥？"}),
            client.post("/v1/ask", json={"question": "桥？", "stream": True}),
            client.get("/v1/articles"),
            client.get("/v1/articles/a-1"),
            client.get("/readyz"),
        ):
            assert the_problem(reply, 503, "index-missing")["hint"] == "Run `wenbao index`."
        assert client.get("/healthz").status_code == 200
        index = client.get("/v1/index").json()
        assert index["generation"] is None
        assert index["is_sample"] is True
        assert index["problem"]["type"] == PROBLEM_TYPE + "index-missing"
        the_problem(client.post("/v1/search", json={"query": 1}), 422, "validation")
