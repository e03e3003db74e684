"""What Prometheus reads: requests, times of stages, answers, jobs, what is loaded. No label comes from outside."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message, Receive, Scope, Send

import server.telemetry.observing
from rag.errors import IndexLocked
from rag.stages import stage
from rag.types import IndexReport, Progress
from server.process.traffic import Traffic
from server.state import State
from server.telemetry.metrics import METHODS, NO_ROUTE, Metrics
from server.telemetry.observing import Observing
from tests.server.conftest import REPORT, make_state, serve_state
from tests.server.fakes import FakeLibrary

Labels = dict[str, str]


class Figures:
    """What a server tells under /metrics at one moment."""

    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        self.names = [family.name for family in families]
        self.samples = [sample for family in families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum over all series of this name that carry these labels."""
        return sum(one.value for one in self.samples if one.name == name and labels.items() <= one.labels.items())

    def labels(self, name: str) -> list[Labels]:
        return [one.labels for one in self.samples if one.name == name]


def figures(client: httpx.Client) -> Figures:
    reply = client.get("/metrics")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain")
    return Figures(reply.text)


def text_of(metrics: Metrics, state: State) -> Figures:
    return Figures(metrics.text(state).decode())


@pytest.fixture(scope="module")
def sample(sample_library_state: Callable[[], State]) -> Iterator[httpx.Client]:
    """A server over the built-in sample."""
    state = sample_library_state()
    with serve_state(state) as caller:
        state.live.wait()
        yield caller


def test_requests_are_counted_by_template_method_and_status(client: httpx.Client) -> None:
    client.post("/v1/search", json={"query": "桥"})
    client.post("/v1/search", json={"query": "桥", "top_k": 0})
    client.get("/v1/articles/a-1")
    client.get("/v1/articles/none")
    client.get("/v1/search")
    client.get("/nowhere")
    told = figures(client)
    assert told.value("wenbao_requests_total", route="/v1/search", method="POST", status="200") == 1
    assert told.value("wenbao_requests_total", route="/v1/search", method="POST", status="422") == 1
    assert told.value("wenbao_requests_total", route="/v1/articles/{article_id:path}", status="200") == 1
    assert told.value("wenbao_requests_total", route="/v1/articles/{article_id:path}", status="404") == 1
    assert told.value("wenbao_requests_total", method="GET", status="405") == 1
    assert told.value("wenbao_requests_total", route=NO_ROUTE, status="404") == 1
    assert told.value("wenbao_request_seconds_count") == 6
    assert told.value("wenbao_request_seconds_bucket", le="+Inf") == 6
    assert told.value("wenbao_requests_in_flight") == 1  # the one that asks


def test_what_the_guard_turns_away_is_counted_under_its_template(workdir: object) -> None:
    with serve_state(make_state(api_keys="write:a-long-enough-key-of-ours")) as client:
        assert client.post("/v1/ask", json={"question": "桥"}).status_code == 401
        assert client.get("/v1/articles/some/id").status_code == 401
        told = figures(client)
    assert told.value("wenbao_requests_total", route="/v1/ask", status="401") == 1
    assert told.value("wenbao_requests_total", route="/v1/articles/{article_id:path}", status="401") == 1


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.text(string.ascii_uppercase, min_size=1, max_size=9),
    path=st.text(string.ascii_letters + string.digits + "/._-%", max_size=30),
    request_id=st.text(string.ascii_letters + string.digits, min_size=8, max_size=20),
)
def test_no_label_comes_from_a_caller(client: httpx.Client, method: str, path: str, request_id: str) -> None:
    client.request(method, f"/v1/{path.lstrip('/')}", headers={"X-Request-ID": request_id})
    templates = {*client.get("/openapi.json").json()["paths"], NO_ROUTE}
    templates |= {"/openapi.json", "/v1/articles/{article_id:path}"}
    for labels in figures(client).labels("wenbao_requests_total"):
        assert labels["route"] in templates or "{" in labels["route"]
        assert labels["method"] in {*METHODS, "other"}
        assert labels["status"].isdecimal()
        assert len(labels["status"]) == 3


def test_the_stages_of_searches_and_answers_are_timed(sample: httpx.Client) -> None:
    before = figures(sample)
    assert sample.post("/v1/search", json={"query": "婚恋交友平台"}).status_code == 200
    told = figures(sample)
    for name in ("embed", "dense", "keyword", "fuse"):
        assert _grown(before, told, "wenbao_stage_seconds_count", stage=name) == 1
        assert _grown(before, told, "wenbao_stage_seconds_sum", stage=name) > 0
    assert _grown(before, told, "wenbao_stage_seconds_count", stage="answer") == 0
    sample.post("/v1/ask", json={"question": "哪些城市搭建了婚恋交友平台？"})
    asked = figures(sample)
    for name in ("embed", "dense", "keyword", "fuse", "answer"):
        assert _grown(told, asked, "wenbao_stage_seconds_count", stage=name) == 1
    # What is within another stage is left out of it, so together they are no more than the request.
    spent = _grown(told, asked, "wenbao_stage_seconds_sum")
    assert 0 < spent <= _grown(told, asked, "wenbao_request_seconds_sum", route="/v1/ask")


def test_a_streamed_answer_is_counted_as_any_other(sample: httpx.Client) -> None:
    before = figures(sample)
    asked = {"question": "哪些城市搭建了婚恋交友平台？", "stream": True}
    assert "event: done" in sample.post("/v1/ask", json=asked).text
    sample.post("/v1/ask", json={"question": "月球背面的第一家邮局是哪年开的？"})
    told = figures(sample)
    assert _grown(before, told, "wenbao_answers_total", answerer="extractive") == 1
    assert _grown(before, told, "wenbao_refusals_total") == 1
    assert _grown(before, told, "wenbao_stage_seconds_count", stage="answer") == 2


def test_what_is_loaded_is_told_and_follows_the_index(workdir: object) -> None:
    library = FakeLibrary()
    state = make_state(library)
    with serve_state(state) as client:
        state.live.wait()
        told = figures(client)
        assert told.labels("wenbao_index_info") == [{"generation": "g1", "model": "small"}]
        assert (told.value("wenbao_index_articles"), told.value("wenbao_index_chunks")) == (2, 2)
        assert told.value("wenbao_ready") == 1
        library.newest = "g2"
        assert figures(client).labels("wenbao_index_info") == [{"generation": "g2", "model": "small"}]
        state.traffic.drain()
        assert figures(client).value("wenbao_ready") == 0


def test_without_an_index_nothing_is_loaded_and_the_figures_are_there(workdir: object) -> None:
    with serve_state(make_state(opener=_no_index, retry=3_600)) as client:
        told = figures(client)
    assert told.value("wenbao_ready") == 0
    assert told.labels("wenbao_index_info") == []


def _no_index(_: object) -> FakeLibrary:
    raise IndexLocked("none")


def test_jobs_are_counted_by_outcome_and_the_running_one_is_shown(workdir: object) -> None:
    outcomes: list[IndexReport | Exception] = [REPORT, _unchanged(), IndexLocked("busy"), KeyError("a defect")]
    seen: list[Figures] = []

    def builder(progress: Callable[[Progress], None]) -> IndexReport:
        progress(Progress("embedding", 1, 4))
        seen.append(text_of(state.metrics, state))
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    state = make_state(builder=builder)
    with serve_state(state) as client:
        for _ in range(4):
            client.post("/v1/index")
            state.jobs.join()
        told = figures(client)
    assert seen[0].value("wenbao_index_job_running") == 1
    assert seen[0].value("wenbao_index_job_progress", stage="embedding") == 0.25
    assert told.value("wenbao_index_job_running") == 0
    assert told.labels("wenbao_index_job_progress") == []
    counted = {one: told.value("wenbao_index_jobs_total", outcome=one) for one in ("succeeded", "unchanged", "failed")}
    assert counted == {"succeeded": 1, "unchanged": 1, "failed": 2}


def _unchanged() -> IndexReport:
    return IndexReport("g2", False, REPORT.counts, 0, 3, 0, (), 0.1)


async def test_a_stage_holds_what_no_stage_within_it_took(monkeypatch: pytest.MonkeyPatch, workdir: object) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(server.telemetry.observing.time, "perf_counter", lambda: float(next(clock)))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with stage("answer"):  # from 1 to 6
            with stage("embed"):  # from 2 to 3
                pass
            with stage("embed"):  # from 4 to 5
                pass
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def nothing(*_: Message) -> Message:
        return {"type": "http.request"}

    state = make_state()
    observing = Observing(app, routes=[], traffic=Traffic(), metrics=state.metrics)
    await observing({"type": "http", "method": "GET", "path": "/", "headers": []}, nothing, nothing)  # type: ignore[arg-type]
    told = text_of(state.metrics, state)
    assert told.value("wenbao_stage_seconds_sum", stage="embed") == 2
    assert told.value("wenbao_stage_seconds_sum", stage="answer") == 3
    assert told.value("wenbao_request_seconds_sum") == 7


async def test_a_request_that_fails_is_counted_and_leaves_nothing_in_flight(workdir: object) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyError("a defect")

    async def nothing(*_: Message) -> Message:
        return {"type": "http.request"}

    state, traffic = make_state(), Traffic()
    observing = Observing(app, routes=[], traffic=traffic, metrics=state.metrics)
    with pytest.raises(KeyError):
        await observing({"type": "http", "method": "BREW", "path": "/", "headers": []}, nothing, nothing)  # type: ignore[arg-type]
    told = text_of(state.metrics, state)
    assert told.labels("wenbao_requests_total") == [{"method": "other", "route": NO_ROUTE, "status": "500"}]
    assert (told.value("wenbao_requests_in_flight"), traffic.in_flight) == (0, 0)


def _grown(before: Figures, after: Figures, name: str, **labels: str) -> float:
    return after.value(name, **labels) - before.value(name, **labels)
