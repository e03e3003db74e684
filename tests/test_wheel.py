"""The packages: everything is in them, and they work where neither the checkout nor the extras are."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PACKAGES = ("rag", "server", "tui")
FILES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "MANIFEST.in", "constraints.txt", "packaging")
HEAVY = {"torch", "transformers", "sentence-transformers"}


@dataclass(frozen=True)
class Built:
    """What a build leaves."""

    source: Path
    """The tree that it was built of."""
    sdist: Path
    wheel: Path
    """Built from the sdist."""
    direct: Path
    """The wheel built from the tree itself."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Both packages, of a copy: setuptools leaves folders beside the source, whose old files get into later wheels."""
    folder = tmp_path_factory.mktemp("packages")
    source = folder / "source"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    build = [sys.executable, "-m", "build", "--no-isolation"]
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    for arguments in (["--outdir", folder / "dist"], ["--wheel", "--outdir", folder / "direct"]):
        # Without either flag the wheel is built from the sdist.
        subprocess.run([*build, *arguments, source], check=True, capture_output=True, timeout=300, env=environment)
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    (direct,) = (folder / "direct").glob("*.whl")
    return Built(source, sdist, wheel, direct)


def contents(wheel: Path) -> dict[str, str]:
    """The files of a wheel by name, each with the digest of its bytes."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            entry.filename: hashlib.sha256(archive.read(entry)).hexdigest()
            for entry in archive.infolist()
            if not entry.is_dir()
        }


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(built: Built) -> None:
    packaged = {name for name in contents(built.wheel) if ".dist-info/" not in name}
    wanted = {
        path.relative_to(built.source).as_posix()
        for name in PACKAGES
        for path in (built.source / name).rglob("*")
        if path.is_file()
    }
    assert packaged == wanted


def test_the_sdist_builds_the_same_wheel(built: Built) -> None:
    assert built.wheel.name == built.direct.name
    assert contents(built.wheel) == contents(built.direct)
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"CHANGELOG.md", "constraints.txt", "packaging/wenbao.service"} <= names
    assert not {name for name in names if name.startswith("tests/")}


def test_the_base_is_light_and_the_extras_have_names(built: Built) -> None:
    about = metadata(built.wheel)
    requirements = [Requirement(line) for line in about.get_all("Requires-Dist", [])]
    base = {one.name for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})}
    models = {one.name for one in requirements if one.marker is not None and one.marker.evaluate({"extra": "models"})}
    assert not base & HEAVY
    assert models >= HEAVY
    assert set(about.get_all("Provides-Extra", [])) >= {"llm", "models", "otel"}
    assert about["License-Expression"] == "MIT AND CC-BY-SA-4.0"
    assert set(about.get_all("License-File", [])) == {"LICENSE", "rag/reader/LICENSE"}


def closure(wheel: Path) -> set[str]:
    """The distributions that the base of a wheel needs here, all of them; names as the index writes them."""
    todo = [Requirement(line) for line in metadata(wheel).get_all("Requires-Dist", [])]
    todo = [one for one in todo if one.marker is None or one.marker.evaluate({"extra": ""})]
    found: dict[str, set[str]] = {}
    while todo:
        wanted = todo.pop()
        extras = {"", *wanted.extras}
        seen = found.setdefault(wanted.name, set())
        for extra in extras - seen:
            required = [Requirement(line) for line in distribution(wanted.name).requires or []]
            todo += [one for one in required if one.marker is None or one.marker.evaluate({"extra": extra})]
        seen |= extras
    return set(found)


def link(source: Path, target: Path) -> None:
    """Puts a file or folder of one environment into another; folders that several distributions share are merged."""
    if not target.exists():
        target.symlink_to(source)
    elif target.is_dir() and target.resolve() != source.resolve():
        if target.is_symlink():
            shared = target.resolve()
            target.unlink()
            target.mkdir()
            for child in shared.iterdir():
                link(child, target / child.name)
        for child in source.iterdir():
            link(child, target / child.name)


@pytest.fixture
def environment(built: Built, tmp_path: Path) -> Path:
    """A fresh environment with the wheel and those libraries of ours that its base needs; nothing is downloaded."""
    folder = tmp_path / "environment"
    venv.create(folder, symlinks=True)
    site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    for name in closure(built.wheel):
        files = distribution(name).files or []
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            link(Path(str(distribution(name).locate_file(top))), site / top)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", built.wheel], check=True, timeout=300)
    subprocess.run([*pip, "check"], check=True, capture_output=True, timeout=300)
    return folder


@pytest.mark.slow
def test_the_wheel_alone_prepares_the_models_and_answers(environment: Path, tmp_path: Path) -> None:
    """From nothing but the wheel and the base's libraries: no model is there yet, and torch cannot be imported."""
    without = subprocess.run([environment / "bin" / "python", "-c", "import torch"], capture_output=True, check=False)
    assert b"No module named 'torch'" in without.stderr
    home = tmp_path / "home"
    home.mkdir()
    answer = subprocess.run(
        [environment / "bin" / "wenbao", "ask", "哪些城市搭建了婚恋交友平台？"],
        cwd=home,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "[1]" in answer.stdout
    assert (home / ".cache" / "wenbao" / "models").is_dir()


@pytest.mark.slow
def test_a_model_that_needs_the_extra_says_so(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "modules.json").write_text("[]", encoding="utf-8")
    refused = subprocess.run(
        [environment / "bin" / "wenbao", "index", "--embedding-model", "./model"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert refused.returncode == 5
    assert "pip install 'wenbao[models]'" in refused.stderr
