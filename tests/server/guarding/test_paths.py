"""No reply tells where things lie on the machine, what a defect looks like inside, or a key."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.settings import Settings
from server.paths import hide, name_of, without_paths
from server.state import build_state
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary

KEY = "tide-table-91"
ASK = {"question": "谁修好了石桥？"}


@pytest.fixture(autouse=True)
def _folders() -> None:
    hide(Settings(corpus=Path("/srv/报纸 一/2031 pages"), vectors=Path("/home/li lei/my vectors")))


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("there is no corpus at /srv/报纸 一/2031 pages", "there is no corpus at 2031 pages"),
        ("/srv/报纸 一/2031 pages/a.txt is empty", "2031 pages/a.txt is empty"),
        ("no index in /home/li lei/my vectors yet.", "no index in my vectors yet."),
        ("[Errno 2] No such file: '/home/li lei/other x/b.bin'", "[Errno 2] No such file: 'b.bin'"),
        ("(`ls -ld /a/b` shows who), /opt/z.", "(`ls -ld b` shows who), z."),
        ("在 /usr/lib/x，", "在 x，"),
        ("GET /v1/index, POST /v1/ask or /healthz", "GET /v1/index, POST /v1/ask or /healthz"),
        ("江苏/无锡 and/or http://127.0.0.1:1/v1 at 3/4", "江苏/无锡 and/or http://127.0.0.1:1/v1 at 3/4"),
    ],
)
def test_paths_are_cut_down_to_names(message: str, told: str) -> None:
    assert without_paths(message) == told


def test_the_folders_that_it_runs_in_are_not_told() -> None:
    around = [Path.cwd(), Path.home(), Path(sys.prefix), Path(__file__).parents[3]]
    for folder in around:
        assert str(folder) not in without_paths(f"cannot read {folder}/x y/z.bin: no")


@given(st.lists(st.text(alphabet="ab.-_纸", min_size=1, max_size=5), min_size=1, max_size=5))
def test_no_path_is_told_whole(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    assert path not in without_paths(f"cannot read {path}: no")
    assert path not in without_paths(f"cannot read '{path}'")


def test_a_name_stays_a_name() -> None:
    assert [name_of(path) for path in ("/a/b c", "pages/x", "intfloat/small")] == ["b c", "pages/x", "intfloat/small"]


@contextmanager
def serving(settings: Settings) -> Iterator[httpx.Client]:
    with serve_state(build_state(settings), headers={"Authorization": f"Bearer {KEY}"}) as client:
        yield client


def provoke(client: httpx.Client) -> Iterator[httpx.Response]:
    """Everything that may go wrong over HTTP, whatever is wrong behind it."""
    for path in ("/readyz", "/v1/index", "/v1/articles", "/v1/articles/x", "/v1/nothing", "/v1/models", "/metrics"):
        yield client.get(path)
    for stream in (False, True):
        yield client.post("/v1/ask", json=ASK | {"stream": stream})
        talk = [{"role": "user", "content": ASK["question"]}]
        yield client.post("/v1/chat/completions", json={"model": "wenbao", "messages": talk, "stream": stream})
    yield client.post("/v1/search", json={"query": "石桥"})
    yield client.post("/v1/search", content=b"{")
    yield client.post("/v1/index")
    yield client.put("/v1/corpus/a.txt", content=b"x")
    yield client.delete("/v1/corpus/no/a.txt")
    yield client.get("/v1/index", headers={"Authorization": "Bearer wrong"})
    yield client.get("/v1/index")


def damage(kind: str, settings: Settings) -> Settings:
    """The same index and corpus with something wrong."""
    generation = next((settings.vectors / "generations").iterdir())
    if kind == "no index":
        shutil.rmtree(settings.vectors)
    elif kind == "damaged manifest":
        (generation / "manifest.json").write_text("{", encoding="utf-8")
    elif kind == "damaged vectors":
        (generation / "index.faiss").write_bytes(b"no index")
    elif kind == "no generation":
        shutil.rmtree(generation)
    elif kind == "no model":
        return settings.model_copy(update={"embedding_model": str(settings.vectors / "no model")})
    elif kind == "no corpus":
        return settings.model_copy(update={"corpus": settings.vectors / "no corpus"})
    elif kind == "no userdict":
        return settings.model_copy(update={"userdict": settings.vectors / "no words.txt"})
    elif kind == "no language model":
        return settings.model_copy(
            update={"llm_base_url": "http://127.0.0.1:9/v1", "llm_api_key": Settings(llm_api_key=KEY).llm_api_key}
        )
    return settings


@pytest.mark.parametrize(
    "kind",
    [
        "nothing",
        "no index",
        "damaged manifest",
        "damaged vectors",
        "no generation",
        "no model",
        "no corpus",
        "no userdict",
        "no language model",
    ],
)
def test_whatever_is_wrong_no_path_is_told(sample_index: Settings, opened_once: None, workdir: Path, kind: str) -> None:
    home = workdir / "li lei" / "报纸 x"
    shutil.copytree(sample_index.vectors, home / "vectors")
    (home / "pages").mkdir()
    settings = Settings(vectors=home / "vectors", corpus=home / "pages", api_keys=KEY, allow_upload=True, watch=False)
    with serving(damage(kind, settings)) as client:
        seen = [reply.text for reply in provoke(client)]
        assert client.get("/healthz").status_code == 200
    for text in seen:
        for hidden in (str(workdir), "li lei", str(Path.home()), sys.prefix, "Traceback", KEY, ".py"):
            assert hidden not in text, (hidden, text)


def test_a_defect_tells_nothing(workdir: Path) -> None:
    error = OSError(5, f"broken {KEY}", "/home/someone/file")
    library = FakeLibrary(ask_error=error)
    with serve_state(make_state(library)) as client:
        for stream in (False, True):
            text = client.post("/v1/ask", json=ASK | {"stream": stream}).text
            assert "internal" in text
            assert not [hidden for hidden in (KEY, "someone", "OSError", "Traceback") if hidden in text]
