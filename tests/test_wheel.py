"""The wheel: everything the package needs is in it, and it works where the checkout is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_answers_outside_the_checkout(tmp_path: Path) -> None:
    # Built from a copy: setuptools leaves folders beside the source, and what is old in them gets into later wheels.
    source = tmp_path / "source"
    for name in ("rag", "server", "tui"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    subprocess.run([*pip, "-w", tmp_path, source], check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("wenbao-*.whl")
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    packaged = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*")}
    assert {"rag/py.typed", "rag/sample/pages/page-1.txt", "tui/app.tcss"} <= packaged
    assert not {name for name in packaged if name.startswith("tests")}

    # The libraries are this environment's; rag, server and tui are the wheel's.
    code = (
        "import rag, sys; assert sys.argv[1] in rag.__file__; from rag.cli.main import run; sys.exit(run(sys.argv[2:]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(unpacked), "ask", "哪些城市搭建了婚恋交友平台？"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "[1]" in answer.stdout
