"""Servers as processes: ports, addresses, the private server and its end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from rag.errors import ServerError, SettingsError
from rag.settings import Settings
from server.process.private import PrivateServer
from server.process.run import base_url, bind, serve

ROOT = Path(__file__).parents[3]


def client_of(address: tuple[str, str]) -> httpx.Client:
    url, key = address
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False)


def test_a_taken_port_is_a_clear_error(workdir: Path) -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"127.0.0.1:{port}") as caught:
            serve(Settings(port=port))
    assert "--port 0" in caught.value.hint


def test_an_address_of_another_machine_is_a_clear_error() -> None:
    with pytest.raises(ServerError, match=r"192\.0\.2\.1"):
        bind("192.0.2.1", 0)


def test_the_network_is_not_served_without_keys(workdir: Path) -> None:
    with pytest.raises(SettingsError):
        serve(Settings(host="0.0.0.0", port=0))  # noqa: S104


def test_addresses_are_urls() -> None:
    assert base_url("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert base_url("::1", 80) == "http://[::1]:80"


def test_a_served_process_tells_its_address_and_stops_when_told(workdir: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "WENBAO_PORT": "0", "WENBAO_LOG_LEVEL": "error"}
    process = subprocess.Popen(
        [sys.executable, "-m", "server"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("wenbao: http://127.0.0.1:")
        url = line.split()[1]
        assert httpx.get(f"{url}/healthz", trust_env=False, timeout=30).json() == {"status": "ok"}
        reply = httpx.post(f"{url}/v1/search", json={"query": "桥"}, trust_env=False, timeout=60)
        assert reply.status_code == 503
        assert "hint" in reply.json()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert out == ""
    assert err == ""
    assert process.returncode == 0


def test_an_unknown_argument_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    from server.__main__ import main

    assert main(["--port", "1"]) == 2
    assert "wenbao serve --help" in capsys.readouterr().err


def test_a_private_server_asks_for_its_key_and_ends_with_its_block(workdir: Path) -> None:
    (workdir / "server").mkdir()
    (workdir / "server" / "__init__.py").write_text("raise SystemExit('not the one that was meant')")
    private = PrivateServer(Settings(vectors=workdir / "none"))
    with private as address:
        with client_of(address) as client:
            assert client.get("/v1/index").json()["generation"] is None
            assert client.get("/v1/index", headers={"Authorization": "Bearer guess"}).status_code == 401
        private.check()
    with pytest.raises(httpx.ConnectError):
        httpx.get(address[0], trust_env=False)
    private.stop()


def test_two_private_servers_share_nothing(workdir: Path) -> None:
    with PrivateServer(Settings()) as one, PrivateServer(Settings()) as other:
        assert one[0] != other[0]
        assert one[1] != other[1]
        with client_of((one[0], other[1])) as client:
            assert client.get("/v1/index").status_code == 401


def test_a_private_server_ends_when_its_parent_is_killed(workdir: Path) -> None:
    code = (
        "import signal, sys; from rag.settings import Settings; from server.process.private import PrivateServer\n"
        "print(*PrivateServer(Settings()).start(), flush=True); signal.pause()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        url, key = parent.stdout.readline().split()
        with client_of((url, key)) as client:
            assert client.get("/v1/index").status_code == 200
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as line:
            parent.kill()
            assert line.recv(1) == b""  # the child closes its connections when it ends
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_a_private_server_that_ended_says_why(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.process.private._packed", lambda *_: b"no json")
    private = PrivateServer(Settings())
    url, _ = private.start()
    try:
        with pytest.raises(httpx.TransportError):
            httpx.get(url, trust_env=False, timeout=60)
        assert private._process is not None
        private._process.wait(60)
        with pytest.raises(ServerError, match="JSONDecodeError"):
            private.check()
    finally:
        private.stop()


def test_a_private_server_that_was_killed_is_started_again_elsewhere(
    workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = PrivateServer(Settings(vectors=workdir / "none"))
    former = private.start()
    try:
        with client_of(former) as client:
            assert client.get("/v1/index").status_code == 200
        assert private.revive() == former
        assert private._process is not None
        private._process.kill()
        private._process.wait(60)
        with pytest.raises(ServerError, match="-9"):
            private.revive()  # so soon after its start
        monkeypatch.setattr("server.process.private.RUNS_S", 0.0)
        later = private.revive()
        assert later != former
        with client_of(later) as client:
            assert client.get("/v1/index").status_code == 200
    finally:
        private.stop()
