"""Keys: what each allows, how they are held, and what is said of them."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from rag.cli.main import cli
from rag.cli.options import Flags
from rag.errors import InputError, SettingsError
from rag.settings import SETTINGS_FILE, Settings, load_settings
from server.guarding import keys
from server.guarding.guard import check_binding
from server.guarding.keys import KeyEntry, Keyring, Role, hashed, new_key, plain_in_file
from tests.server.conftest import make_state, serve_state
from tests.server.routes.test_problems import the_problem

HEADER_TEXT = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
READS = [("GET", "/v1/articles"), ("GET", "/v1/articles/a-1"), ("GET", "/v1/index"), ("POST", "/v1/search")]
WRITES = [("POST", "/v1/index"), ("PUT", "/v1/corpus/a.txt"), ("DELETE", "/v1/corpus/a.txt"), ("DELETE", "/v1/else")]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def served(workdir: Path) -> Iterator[httpx.Client]:
    kept = KeyEntry.of("kept-as-a-digest-and-no-more", Role.READ)
    with serve_state(make_state(api_keys=f"plain,read:reader,write:writer,{kept}")) as client:
        yield client


def test_whoever_may_write_may_read(served: httpx.Client) -> None:
    for key, (method, path) in itertools.product(("plain", "writer", "reader", "kept-as-a-digest-and-no-more"), READS):
        reply = served.request(method, path, headers=bearer(key), json={"query": "石桥"} if method == "POST" else None)
        assert reply.status_code == 200, (key, path)


def test_whoever_may_read_may_not_write(served: httpx.Client) -> None:
    for key, (method, path) in itertools.product(("reader", "kept-as-a-digest-and-no-more"), WRITES):
        problem = the_problem(served.request(method, path, headers=bearer(key)), 403, "forbidden")
        assert path in str(problem["detail"])
        assert "--role write" in str(problem["hint"])
    assert served.get("/v1/index", headers=bearer("plain")).json()["last_job"] is None


def test_whoever_may_write_does(served: httpx.Client) -> None:
    for key in ("plain", "writer"):
        assert served.post("/v1/index", headers=bearer(key)).status_code in {200, 202}


def test_neither_a_role_nor_a_digest_opens(served: httpx.Client) -> None:
    kept = str(KeyEntry.of("x", Role.READ)).removeprefix("read:")
    for wrong in ("read:reader", "write:writer", "read:", "read", kept, f"read:{kept}", "kept-as-a-digest"):
        the_problem(served.get("/v1/articles", headers=bearer(wrong)), 401, "unauthorized")


def test_paths_that_nobody_serves_ask_for_a_key_too(served: httpx.Client) -> None:
    for path in ("/", "/docs", "/v2", "/mcp", "//v1/articles", "/v1", "/healthz/", "/metrics/x"):
        reply = served.request("GET", "/", extensions={"target": path.encode()})
        the_problem(reply, 401, "unauthorized")
    assert served.get("/v2", headers=bearer("reader")).status_code == 404


@given(
    st.lists(HEADER_TEXT.filter(lambda key: ":" not in key and "sha256$" not in key), min_size=1, max_size=4), st.data()
)
def test_a_keyring_knows_its_keys_and_no_other(given_keys: list[str], data: st.DataObject) -> None:
    roles = [data.draw(st.sampled_from(Role)) for _ in given_keys]
    hashes = [data.draw(st.booleans()) for _ in given_keys]
    ring = Keyring(
        str(KeyEntry.of(key, role)) if is_hashed else f"{role}:{key}"
        for key, role, is_hashed in zip(given_keys, roles, hashes, strict=True)
    )
    for key in given_keys:
        held = {role for other, role in zip(given_keys, roles, strict=True) if other == key}
        assert ring.role_of(key.encode()) is (Role.WRITE if Role.WRITE in held else Role.READ)
    tried = data.draw(HEADER_TEXT)
    assert (ring.role_of(tried.encode()) is None) == (tried not in given_keys)


def test_every_entry_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    ring = Keyring(["a", "bb", "read:ccc"])
    monkeypatch.setattr(keys.hmac, "compare_digest", compare)
    for key in (b"a", b"ccc", b"", b"d" * 1_000):
        compared.clear()
        ring.role_of(key)
        assert len(compared) == 3
        assert {len(value) for pair in compared for value in pair} == {32}


def test_a_keyring_holds_no_key() -> None:
    ring = Keyring(["tide-table-91", "read:tide-table-92"])
    assert "tide-table" not in repr([*vars(ring).values()])


def test_equal_keys_have_different_digests() -> None:
    assert len({str(KeyEntry.of("same", Role.READ)) for _ in range(4)}) == 4
    assert len({new_key() for _ in range(4)}) == 4


@pytest.mark.parametrize("entry", ["read:", "sha256$12$34", "read:sha256$" + "a" * 32 + "$tide-table-91"])
def test_an_entry_that_is_no_key_is_named_by_its_number(workdir: Path, entry: str) -> None:
    with pytest.raises(SettingsError, match="entry 2") as raised:
        check_binding(Settings(api_keys=f"fine,{entry}"))
    assert "tide-table" not in f"{raised.value} {raised.value.hint}"
    assert raised.value.hint


def test_a_short_key_is_not_hashed() -> None:
    with pytest.raises(InputError, match="guessed") as raised:
        hashed("x" * 23, Role.READ)
    assert "wenbao key new" in raised.value.hint
    assert Keyring([str(hashed("x" * 24, Role.READ))]).role_of(b"x" * 24) is Role.READ


def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Status, stdout and stderr of a command."""
    result = CliRunner().invoke(cli, ["key", *arguments], obj=Flags(), input=stdin)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("role", list(Role))
def test_a_new_key_opens_what_its_line_is_given_to(workdir: Path, role: Role) -> None:
    status, out, err = run("new", "--role", role.value)
    key, line = out.splitlines()
    assert status == 0
    assert key not in line + err
    (workdir / SETTINGS_FILE).write_text(line, encoding="utf-8")
    settings = load_settings()
    assert Keyring.of(settings).role_of(key.encode()) is role
    assert plain_in_file(settings) == 0


def test_a_new_key_reads_unless_more_is_asked_for(workdir: Path) -> None:
    _, out, _ = run("new")
    assert 'api_keys = ["read:sha256$' in out


def test_a_key_in_use_is_hashed_without_being_shown(workdir: Path) -> None:
    key = "a-key-that-somebody-uses-already"
    status, out, err = run("hash", "--role", "write", stdin=f"{key}\n")
    assert status == 0
    assert key not in out + err
    (workdir / SETTINGS_FILE).write_text(out, encoding="utf-8")
    assert Keyring.of(load_settings()).role_of(key.encode()) is Role.WRITE


@pytest.mark.parametrize("stdin", ["", "\n", "short\n"])
def test_what_is_no_key_is_not_hashed(workdir: Path, stdin: str) -> None:
    result = CliRunner().invoke(cli, ["key", "hash"], obj=Flags(), input=stdin)
    assert isinstance(result.exception, InputError)
    assert "short" not in result.output


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ('api_keys = "tide-table-91, read:tide-table-92"', 2),
        ('api_keys = ["tide-table-91", "write:sha256$' + "a" * 32 + "$" + "b" * 64 + '"]', 1),
        ('api_keys = ["read:sha256$' + "a" * 32 + "$" + "b" * 64 + '"]', 0),
        ("port = 8001", 0),
    ],
)
def test_keys_in_the_file_are_warned_of(workdir: Path, caplog: pytest.LogCaptureFixture, line: str, count: int) -> None:
    (workdir / SETTINGS_FILE).write_text(line, encoding="utf-8")
    settings = load_settings()
    assert plain_in_file(settings) == count
    with caplog.at_level(logging.WARNING):
        check_binding(settings)
    told = caplog.text
    assert "tide-table" not in told
    assert bool(re.search(rf"\b{count}\b.*{SETTINGS_FILE}.*wenbao key hash", told)) == bool(count)


def test_keys_of_the_environment_are_not_warned_of(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workdir / SETTINGS_FILE).write_text('api_keys = "tide-table-91"', encoding="utf-8")
    monkeypatch.setenv("WENBAO_API_KEYS", "another")
    assert plain_in_file(load_settings()) == 0
