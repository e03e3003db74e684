"""The first frame comes before anything heavy, and `run` takes an address or a function."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tui import __main__
from tui.app import WenbaoApp, run

_HEAVY = ("httpx", "pydantic", "server", "rag", "fastapi", "numpy", "torch", "jieba")


def test_importing_the_app_loads_nothing_heavy() -> None:
    code = f"import sys, tui.app, tui.screens.chat; print([m for m in {_HEAVY!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_session_never_loads_the_library(address: str) -> None:
    code = f"""
import asyncio, sys
from tui.app import WenbaoApp
from tui.remote.link import Link
from tui.widgets.turn import TurnView

async def main():
    app = WenbaoApp(Link(lambda: ({address!r}, None)), "en")
    async with app.run_test() as pilot:
        await pilot.pause()
        app.screen.query_one("#question").insert("渡轮")
        await pilot.press("enter")
        while not any(view.turn.reply for view in app.screen.query(TurnView)):
            await pilot.pause()
    print([m for m in sys.modules if m.split(".")[0] in ("rag", "fastapi", "torch")])

asyncio.run(main())
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "[]"


def test_run_takes_an_address_or_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, str | None]] = []
    monkeypatch.setattr(WenbaoApp, "run", lambda self: started.append(self._server_link._connect()))
    run("http://paper.test", "key", "zh")
    run(lambda: ("http://other.test", None))
    assert started == [("http://paper.test", "key"), ("http://other.test", None)]


def test_the_module_reads_address_key_and_language(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(__main__, "run", lambda *given: calls.append(given))
    monkeypatch.setattr(sys, "argv", ["tui", "--url", "http://paper.test", "--language", "zh"])
    monkeypatch.setenv("WENBAO_API_KEY", "from the environment")
    __main__.main()
    monkeypatch.setattr(sys, "argv", ["tui", "--api-key", "given"])
    __main__.main()
    assert calls == [
        ("http://paper.test", "from the environment", "zh", None),
        ("http://127.0.0.1:8000", "given", None, None),
    ]
