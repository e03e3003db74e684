"""Who may call: keys, names, origins, sizes, bindings."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator

import httpx
import pytest

from rag.errors import SettingsError
from rag.settings import Settings, load_settings
from server.guarding.guard import check_binding, is_loopback
from tests.server.conftest import make_state, serve_state
from tests.server.routes.test_problems import the_problem

MAX_BODY_BYTES = Settings.model_fields["max_body_bytes"].default
KEYS = "first-key,zweiter-schlüssel"
CALLS = [
    ("POST", "/v1/search"),
    ("POST", "/v1/ask"),
    ("GET", "/v1/articles"),
    ("GET", "/v1/articles/a-1"),
    ("GET", "/v1/index"),
    ("POST", "/v1/index"),
    ("GET", "/v1/nothing"),
    ("GET", "/v1"),
]


@pytest.fixture
def keyed(workdir: object) -> Iterator[httpx.Client]:
    with serve_state(make_state(api_keys=KEYS)) as client:
        yield client


def test_every_v1_call_asks_for_a_key(keyed: httpx.Client) -> None:
    wrong = (
        "Bearer",
        "Bearer first-ke",
        "Bearer first-key2",
        "first-key",
        "Basic " + base64.b64encode(b"first-key").decode(),
    )
    tries = [{}, *({"Authorization": value} for value in wrong)]
    for (method, path), headers in itertools.product(CALLS, tries):
        reply = keyed.request(method, path, headers=headers)
        problem = the_problem(reply, 401, "unauthorized")
        assert reply.headers["www-authenticate"].startswith("Bearer")
        assert "first-key" not in reply.text
        assert "Bearer KEY" in problem["hint"]


def test_any_of_the_keys_opens(keyed: httpx.Client) -> None:
    for key in KEYS.split(","):
        headers = {b"Authorization": b"bearer " + key.encode()}
        assert keyed.get("/v1/articles", headers=headers).status_code == 200


def test_health_needs_no_key(keyed: httpx.Client) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert keyed.get(path).status_code in {200, 503}


def test_with_keys_other_names_are_served(keyed: httpx.Client) -> None:
    headers = {"Authorization": "Bearer first-key", "Host": "paper.example", "Origin": "https://paper.example"}
    assert keyed.get("/v1/articles", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
def test_without_keys_this_machine_s_names_are_served(client: httpx.Client, host: str) -> None:
    assert client.get("/v1/articles", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "[", ""])
def test_without_keys_no_other_name_is(client: httpx.Client, host: str) -> None:
    problem = the_problem(client.get("/v1/articles", headers={"Host": host}), 421, "misdirected")
    assert "api_keys" in problem["hint"]


def test_without_keys_no_other_site_s_page_is_served(client: httpx.Client) -> None:
    for origin in ("https://evil.example", "null", "http://localhost.evil.example"):
        the_problem(client.post("/v1/index", headers={"Origin": origin}), 403, "foreign-origin")
    assert client.get("/v1/index").json()["last_job"] is None
    assert client.get("/v1/articles", headers={"Origin": "http://localhost:5173"}).status_code == 200


def test_a_large_body_is_refused_unread(client: httpx.Client) -> None:
    def stream() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 50_000 + 2):
            yield b" " * 50_000

    the_problem(client.post("/v1/ask", content=b" " * (MAX_BODY_BYTES + 1)), 413, "too-large")
    the_problem(client.post("/v1/ask", content=stream()), 413, "too-large")


def test_a_body_in_pieces_is_read_whole(client: httpx.Client) -> None:
    pieces = iter([b'{"que', b'":1}'[:0], 'ry": "石桥"'.encode(), b"}"])
    reply = client.post("/v1/search", content=pieces, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200
    assert reply.json()["query"] == "石桥"


def test_the_largest_conversation_fits_the_body(client: httpx.Client) -> None:
    turns = [{"role": "user", "content": "话" * 1_500}] * 200
    reply = client.post("/v1/ask", json={"question": "书屋", "history": turns})
    assert reply.status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "paper.example", ""])  # noqa: S104
def test_the_network_is_served_with_keys_only(workdir: object, host: str) -> None:
    with pytest.raises(SettingsError, match="api_keys") as caught:
        check_binding(Settings(host=host))
    assert "WENBAO_API_KEYS" in caught.value.hint
    check_binding(Settings(host=host, api_keys="k"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_is_served_without(workdir: object, host: str) -> None:
    assert is_loopback(host)
    check_binding(Settings(host=host))


PAGE_OF = "https://paper.example"
PREFLIGHT = {
    "Origin": PAGE_OF,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "x-a, content-type",
}


def cors_of(reply: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name.startswith("access-control-")}


def test_without_cors_origins_no_page_is_let_in(keyed: httpx.Client) -> None:
    assert keyed.options("/v1/search", headers=PREFLIGHT).status_code == 401
    key = {"Authorization": "Bearer first-key"}
    for reply in (
        keyed.get("/v1/articles", headers=key | {"Origin": PAGE_OF}),
        keyed.options("/v1/ask", headers=key | PREFLIGHT),
    ):
        assert cors_of(reply) == {}


@pytest.mark.parametrize("keys", ["first-key", ""])
def test_pages_of_cors_origins_are_let_in_and_others_not(workdir: object, keys: str) -> None:
    settings = {"cors_origins": f"{PAGE_OF}, http://other.example:81", "api_keys": keys}
    with serve_state(make_state(**settings)) as client:
        reply = client.options("/v1/search", headers=PREFLIGHT)
        assert reply.status_code == 204
        assert reply.content == b""
        assert reply.headers["access-control-allow-origin"] == PAGE_OF
        assert reply.headers["access-control-allow-headers"] == "x-a, content-type"
        assert {"POST", "PUT", "DELETE"} < {*reply.headers["access-control-allow-methods"].split(", ")}
        assert "access-control-allow-credentials" not in reply.headers
        assert "origin" in reply.headers["vary"].lower()
        key = {"Authorization": "Bearer first-key"}
        body = {"query": "石桥"}
        for headers, status in ((key, 200), ({}, 401 if keys else 200)):
            reply = client.post("/v1/search", json=body, headers=headers | {"Origin": PAGE_OF})
            assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (status, PAGE_OF)
            assert "retry-after" in reply.headers["access-control-expose-headers"].lower()
        for origin in ("https://paper.example.evil", "http://paper.example", "https://paper.example:444", "null"):
            the_problem(client.options("/v1/search", headers=PREFLIGHT | {"Origin": origin}), 403, "foreign-origin")
            reply = client.post("/v1/search", json=body, headers=key | {"Origin": origin})
            assert reply.status_code == (200 if keys else 403)
            assert cors_of(reply) == {}
            assert "origin" in reply.headers["vary"].lower()
        assert cors_of(client.get("/healthz")) == {}


def test_with_keys_every_page_may_be_let_in(workdir: object) -> None:
    with serve_state(make_state(cors_origins="*", api_keys="k")) as client:
        reply = client.get("/v1/articles", headers={"Origin": PAGE_OF, "Authorization": "Bearer k"})
        assert reply.headers["access-control-allow-origin"] == "*"
        hostile = PREFLIGHT | {"Access-Control-Request-Headers": "a;b"}
        assert client.options("/v1/ask", headers=hostile).headers["access-control-allow-headers"] == ""
    with pytest.raises(SettingsError, match="cors_origins"):
        check_binding(Settings(cors_origins="*"))


@pytest.mark.parametrize(
    "origin", ["paper.example", "https://paper.example/", "https://Paper.example", "null", "https://*"]
)
def test_an_origin_that_no_browser_sends_is_refused(workdir: object, origin: str) -> None:
    with pytest.raises(SettingsError, match="cors_origins"):
        load_settings(cors_origins=origin)


def test_a_name_that_leads_to_loopback_is_refused_for_listed_pages_too(workdir: object) -> None:
    with serve_state(make_state(cors_origins=PAGE_OF)) as client:
        headers = {"Host": "paper.example", "Origin": PAGE_OF}
        the_problem(client.get("/v1/articles", headers=headers), 421, "misdirected")
