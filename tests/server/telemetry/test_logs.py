"""The log of a server: ids of requests, one object a line, nothing in it that must not be."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from rag.errors import StoreError
from rag.settings import Settings, load_settings
from server.telemetry.logs import formatter_of
from server.telemetry.requests import MAX_REQUEST_ID, begin
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary

ROOT = Path(__file__).parents[3]
KEY = "a-key-that-nobody-may-read"
JSON = Settings(log_format="json", api_keys=(SecretStr(f"read:{KEY}"),))
TEXT = JSON.model_copy(update={"log_format": "text"})


def record(message: str, *arguments: object, error: Exception | None = None, **fields: object) -> logging.LogRecord:
    info = (type(error), error, None) if error is not None else None
    made = logging.LogRecord("server.test", logging.WARNING, __file__, 1, message, arguments, info)
    vars(made).update(fields)
    return made


@contextmanager
def logged(settings: Settings) -> Iterator[list[str]]:
    """The lines that the server's loggers write meanwhile, in the format of the settings."""
    lines: list[str] = []
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter_of(settings))
    logger = logging.getLogger("server")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        lines += stream.getvalue().splitlines()


def accesses(lines: list[str]) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, lines) if line["logger"] == "server.access"]


def test_a_sane_id_is_taken_over_and_stands_in_reply_problem_and_log(workdir: object) -> None:
    with logged(JSON) as lines, serve_state(make_state(FakeLibrary())) as client:
        named = {"X-Request-ID": "trace:7f.A-9_b"}
        found = client.post("/v1/search", json={"query": "桥"}, headers=named)
        missing = client.get("/v1/articles/none", headers=named)
    assert found.headers["x-request-id"] == missing.headers["x-request-id"] == "trace:7f.A-9_b"
    assert missing.json()["request_id"] == "trace:7f.A-9_b"
    assert [line["request_id"] for line in accesses(lines)] == ["trace:7f.A-9_b"] * 2


@pytest.mark.parametrize("given_id", ["", "a b", "a\tb", 'x"y', "a;b", "é", "x" * (MAX_REQUEST_ID + 1)])
def test_any_other_id_is_replaced(client: httpx.Client, given_id: str) -> None:
    reply = client.get("/healthz", headers={"X-Request-ID": given_id.encode("latin-1")})
    assert reply.headers["x-request-id"] != given_id
    assert len(reply.headers["x-request-id"]) == 32


def test_each_request_has_an_id_of_its_own(client: httpx.Client) -> None:
    assert len({client.get("/healthz").headers["x-request-id"] for _ in range(5)}) == 5


def test_what_the_guard_turns_away_has_an_id_too(workdir: object) -> None:
    with serve_state(make_state(api_keys=KEY)) as client:
        reply = client.get("/v1/index", headers={"X-Request-ID": "mine"})
    assert (reply.status_code, reply.headers["x-request-id"], reply.json()["request_id"]) == (401, "mine", "mine")


def test_a_stream_that_fails_names_its_request(workdir: object) -> None:
    library = FakeLibrary(ask_error=StoreError("gone"))
    with serve_state(make_state(library)) as client:
        asked = {"question": "桥", "stream": True}
        text = client.post("/v1/ask", json=asked, headers={"X-Request-ID": "mine"}).text
    assert json.loads(text.rpartition("data: ")[2])["request_id"] == "mine"


def test_a_job_belongs_to_no_request(workdir: object) -> None:
    def builder(_: object) -> Any:
        raise StoreError("no room")

    state = make_state(FakeLibrary(), builder=builder)
    with serve_state(state) as client:
        client.post("/v1/index")
        state.jobs.join()
        problem = client.get("/v1/index").json()["last_job"]["problem"]
    assert problem["detail"] == "no room"
    assert problem["request_id"] is None


def test_an_access_is_told_by_route_status_and_time_and_not_by_what_was_asked(workdir: object) -> None:
    with logged(JSON) as lines, serve_state(make_state(FakeLibrary())) as client:
        client.post("/v1/ask", json={"question": "云溪镇的秘密"})
        client.get("/v1/articles", params={"q": "云溪镇的秘密"})
        client.get("/healthz")
    asked, listed, alive = accesses(lines)
    assert (asked["level"], asked["method"], asked["route"], asked["status"]) == ("info", "POST", "/v1/ask", 200)
    assert asked["took_ms"] > 0
    assert asked["time"].endswith("+00:00")
    assert listed["route"] == "/v1/articles"
    assert alive["level"] == "debug"
    assert not any("秘密" in line for line in lines)


@pytest.mark.parametrize(("log_questions", "shown"), [(False, None), (True, "云溪镇有几座桥？")])
def test_questions_are_logged_only_where_that_is_set(
    sample_library_state: Any, log_questions: bool, shown: str | None
) -> None:
    state = sample_library_state(log_questions=log_questions)
    with logged(JSON) as lines, serve_state(state) as client:
        state.live.wait()
        assert client.post("/v1/search", json={"query": "云溪镇有几座桥？"}).status_code == 200
    assert [line.get("question") for line in accesses(lines)] == [shown]


@given(st.text())
def test_a_json_line_is_one_line_and_holds_the_message(message: str) -> None:
    line = formatter_of(JSON).format(record("%s", message, status=200, took_ms=1.5))
    assert len(line.splitlines()) == 1
    told = json.loads(line)
    assert (told["message"], told["level"], told["logger"]) == (message, "warning", "server.test")
    assert (told["status"], told["took_ms"]) == (200, 1.5)


@given(st.text())
def test_a_message_cannot_pass_for_a_line_of_its_own(message: str) -> None:
    line = formatter_of(TEXT).format(record("%s", message, question=message))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


@pytest.mark.parametrize("settings", [JSON, TEXT], ids=["json", "text"])
def test_keys_are_taken_out_wherever_they_turn_up(settings: Settings) -> None:
    model_key = settings.model_copy(update={"llm_api_key": SecretStr("another-secret")})
    error = ValueError(f"refused {KEY}")
    line = formatter_of(model_key).format(
        record("sent %s and %s, Authorization: Bearer sk-12345678", KEY, "another-secret", error=error)
    )
    assert "ValueError: refused" in line
    for secret in (KEY, "another-secret", "sk-12345678"):
        assert secret not in line


def test_a_line_within_a_request_names_it() -> None:
    def within() -> None:
        begin("given")
        lines.extend(formatter_of(settings).format(record("told")) for settings in (JSON, TEXT))

    lines: list[str] = []
    thread = threading.Thread(target=within)  # a context of its own
    thread.start()
    thread.join()
    assert json.loads(lines[0])["request_id"] == "given"
    assert lines[1].endswith("told [given]")
    assert "request_id" not in json.loads(formatter_of(JSON).format(record("told")))


def test_every_line_of_a_process_is_an_object_uvicorns_too(workdir: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "WENBAO_PORT": "0",
        "WENBAO_LOG_LEVEL": "info",
        "WENBAO_LOG_FORMAT": "json",
        "WENBAO_WATCH": "false",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "server"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        url, lines = "", []
        while not url:
            lines.append(process.stderr.readline())
            url = json.loads(lines[-1]).get("url", "")
        assert httpx.get(f"{url}/v1/nothing", trust_env=False, timeout=30).status_code == 404
        process.send_signal(signal.SIGTERM)
        out, rest = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    told = [json.loads(line) for line in [*lines, *rest.splitlines()]]
    assert out == ""
    assert "uvicorn.error" in {line["logger"] for line in told}
    assert ("unmatched", 404) in {(line.get("route"), line.get("status")) for line in told}
    assert process.returncode == 0


def test_another_format_is_refused(workdir: object) -> None:
    from rag.errors import SettingsError

    with pytest.raises(SettingsError, match="log_format"):
        load_settings(log_format="xml")
