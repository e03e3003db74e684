"""`wenbao export` and `wenbao import`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.cli.main import run
from rag.errors import ExitCode
from rag.index.storage.store import Store
from rag.settings import Settings

pytestmark = pytest.mark.usefixtures("opened_once")


def test_an_index_goes_out_and_comes_in_again(
    sample_index: Settings, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", "out", "--vectors", str(sample_index.vectors)]) == ExitCode.OK
    live = Store(sample_index.vectors).current_id()
    assert capsys.readouterr().out.startswith(f"exported generation {live} to {workdir / 'out'}")
    assert run(["import", "out"]) == ExitCode.OK
    told = capsys.readouterr()
    assert "0 embedded, " in told.out
    assert f"generation {Store(workdir / 'vectors').current_id()} in vectors" in told.out
    assert "cutting words" in told.err
    assert run(["ask", "哪些城市搭建了婚恋交友平台？"]) == ExitCode.OK
    assert "[1]" in capsys.readouterr().out


def test_json_tells_both(sample_index: Settings, workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "out", "--json", "--vectors", str(sample_index.vectors)]) == ExitCode.OK
    out = json.loads(capsys.readouterr().out)
    assert out["generation"] == Store(sample_index.vectors).current_id()
    assert out["bytes"] == sum(path.stat().st_size for path in (workdir / "out").iterdir())
    assert run(["import", "out", "--json"]) == ExitCode.OK
    report = json.loads(capsys.readouterr().out)
    assert (report["changed"], report["embedded"], report["counts"]) == (True, 0, out["counts"])


def test_what_is_no_export_is_told(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workdir / "empty").mkdir()
    assert run(["import", "empty"]) == ExitCode.USAGE
    assert "error: empty holds no exported index" in capsys.readouterr().err
    assert not (workdir / "vectors").exists()
