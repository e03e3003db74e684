"""The page: who gets it, what it loads, and the processes behind its tabs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar, WSMsgType, WSServerHandshakeError

from bench.memory import processes_of
from bench.screen import PATIENCE_S, ended
from rag.errors import ExitCode
from rag.settings import Settings

ROOT = Path(__file__).parents[3]


@contextmanager
def served(folder: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[bytes], str, str]]:
    """A running `wenbao web`: the process, its address, and the path that opens it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rag", "web", "--port", "0", "--language", "zh", *flags],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        },
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        told = process.stderr.readline().decode()
        match = re.fullmatch(r"wenbao: (http://127\.0\.0\.1:\d+)(/\?key=\S{32})\n", told)
        assert match, told + process.stderr.read().decode()
        yield process, match[1], match[2]
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        process.stderr.close()


@pytest.fixture(scope="module")
def page(sample_index: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str, str]]:
    """One page for all tests that do not end it: process id, address, path with the key."""
    folder = tmp_path_factory.mktemp("web")
    with served(folder, "--vectors", str(sample_index.vectors)) as (process, address, path):
        yield process.pid, address, path


@asynccontextmanager
async def visiting(address: str, path: str = "") -> AsyncIterator[ClientSession]:
    """A browser's cookies; with a path, it has opened that."""
    async with ClientSession(address, cookie_jar=CookieJar(unsafe=True)) as session:
        if path:
            async with session.get(path) as response:
                assert response.status == 200
        yield session


async def drawn_until(socket: object, words: str) -> str:
    """What a tab draws up to some words."""
    shown = ""
    async with asyncio.timeout(PATIENCE_S):
        while words not in shown:
            message = await socket.receive()  # type: ignore[attr-defined]
            assert message.type in {WSMsgType.BINARY, WSMsgType.TEXT}, message
            if message.type is WSMsgType.BINARY:
                shown += message.data.decode("utf-8", "replace")
    return shown


async def test_the_key_goes_from_the_address_into_a_cookie(page: tuple[int, str, str]) -> None:
    _, address, path = page
    async with visiting(address) as session:
        async with session.get("/") as refused:
            assert refused.status == 401
            assert "缺少密钥" in await refused.text()
        async with session.get("/?key=guess") as refused:
            assert refused.status == 401
        async with session.get(path, allow_redirects=False) as moved:
            assert (moved.status, moved.headers["Location"]) == (303, "/")
            cookie = moved.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
        async with session.get("/") as given:
            assert given.status == 200
            assert "key" not in str(given.url)


async def test_all_that_the_page_loads_comes_from_here(page: tuple[int, str, str]) -> None:
    _, address, path = page
    async with visiting(address, path) as session:
        async with session.get("/?fontsize=20") as response:
            text, policy = await response.text(), response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert 'data-font-size="20"' in text
        assert re.findall(r"https?://[^\"\s]+", text) == []
        loaded = re.findall(r'(?:href|src)="(/[^"]+)"|url\("(/[^"]+)"\)', text)
        assert len(loaded) == 5
        for place in ("".join(both) for both in loaded):
            async with session.get(place) as response:
                assert response.status == 200, place


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.test"}, 421),
        ({"Host": "evil.test:80", "Origin": "http://evil.test:80"}, 421),
        ({"Host": "["}, 421),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "null"}, 403),
    ],
    ids=lambda given: str(given),
)
async def test_other_names_and_other_sites_get_neither_page_nor_socket(
    page: tuple[int, str, str], headers: dict[str, str], status: int
) -> None:
    _, address, path = page
    async with visiting(address, path) as session:
        async with session.get("/", headers=headers) as response:
            assert response.status in {status, 400}  # a name that is none is not even a request
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect("/ws", headers=headers)
        assert refused.value.status in {status, 400, 403}


async def test_a_socket_needs_an_origin_and_the_key(page: tuple[int, str, str]) -> None:
    pid, address, path = page
    before = processes_of(pid)
    async with visiting(address, path) as session:
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect("/ws")
        assert refused.value.status == 403
    async with visiting(address) as stranger:
        with pytest.raises(WSServerHandshakeError) as refused:
            await stranger.ws_connect("/ws", headers={"Origin": address})
        assert refused.value.status == 401
    assert processes_of(pid) == before


async def test_tabs_share_a_server_and_end_with_their_socket(page: tuple[int, str, str]) -> None:
    pid, address, path = page
    before = set(processes_of(pid))
    assert len(before) == 2  # the page's, and the server's that all tabs ask
    async with visiting(address, path) as session:
        there = {"Origin": address}
        async with (
            session.ws_connect("/ws?width=100&height=30", headers=there) as one,
            session.ws_connect("/ws?width=999999999&height=-1", headers=there) as other,
        ):
            await drawn_until(one, "就绪")
            await drawn_until(other, "问报")
            tabs = set(processes_of(pid)) - before
            assert len(tabs) == 2
            for tab in tabs:
                arguments = Path(f"/proc/{tab}/cmdline").read_bytes()
                assert b"--url" in arguments
                secrets = re.findall(rb"WENBAO_API_KEY=(\S+)", Path(f"/proc/{tab}/environ").read_bytes())
                assert len(secrets) == 1
                assert secrets[0].split(b"\0")[0] not in arguments
            await one.send_str(json.dumps(["stdin", "\x11"]))  # Ctrl-Q ends the session, and the socket with it
            async with asyncio.timeout(PATIENCE_S):
                while (await one.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSED}:
                    pass
    ended(*tabs)
    async with asyncio.timeout(PATIENCE_S):
        while set(processes_of(pid)) != before:  # one that has ended is listed until the page has taken note of it
            await asyncio.sleep(0.01)


async def test_a_tab_outlives_neither_a_killed_page(sample_index: Settings, tmp_path: Path) -> None:
    with served(tmp_path, "--vectors", str(sample_index.vectors)) as (process, address, path):
        async with visiting(address, path) as session:
            tab = await session.ws_connect("/ws", headers={"Origin": address})
            await drawn_until(tab, "问报")
            children = [pid for pid in processes_of(process.pid) if pid != process.pid]
            assert len(children) == 2
            process.kill()
            await tab.close()
        ended(*children)


async def test_ctrl_c_ends_the_page_with_its_tabs_and_server(sample_index: Settings, tmp_path: Path) -> None:
    with served(tmp_path, "--vectors", str(sample_index.vectors)) as (process, address, path):
        async with visiting(address, path) as session:
            tab = await session.ws_connect("/ws", headers={"Origin": address})
            await drawn_until(tab, "问报")
            children = [pid for pid in processes_of(process.pid) if pid != process.pid]
            process.send_signal(signal.SIGINT)
            async with asyncio.timeout(PATIENCE_S):
                while (await tab.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSED}:
                    pass
        assert process.wait(PATIENCE_S) == ExitCode.INTERRUPTED
        ended(*children)


def test_an_address_that_others_reach_must_be_asked_for(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rag.cli.main import run

    assert run(["web", "--host", "0.0.0.0", "--url", "http://127.0.0.1:1"]) == ExitCode.USAGE  # noqa: S104
    assert "--open-to-others" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rag.cli.main import run

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert run(["web", "--port", port, "--url", "http://127.0.0.1:1"]) == ExitCode.SERVER
    assert "--port 0 takes a free one" in capsys.readouterr().err
