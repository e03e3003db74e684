"""docs/licences.md names every package that is declared, with the licence that the installed one states."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from docs.generator import licences
from docs.generator.writing import Say
from tests.docs.blocks import ROOT

PAGES = {language: (ROOT / "docs" / f"licences{ending}") for language, ending in (("en", ".md"), ("zh", ".zh.md"))}


@pytest.mark.parametrize("language", PAGES)
def test_the_table_has_every_declared_package_with_its_licence(language: str) -> None:
    told = licences.rows_of(PAGES[language].read_text(encoding="utf-8"))
    for name in licences.declared():
        stated = licences.licence_of(name)
        assert told.get(name) == stated if stated else name in told, f"{name}: make reference"


def test_the_licence_of_the_whole_is_the_one_that_the_package_states() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for page in PAGES.values():
        opening = page.read_text(encoding="utf-8").split("\n## ")[0].replace("CC BY-SA 4.0", "CC-BY-SA-4.0")
        for licence in project["license"].split(" AND "):
            assert f"| {licence} |" in opening
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")
    assert "CC BY-SA 4.0" in (ROOT / "rag" / "reader" / "LICENSE").read_text(encoding="utf-8")


def test_what_the_page_calls_never_imported_is_not() -> None:
    """jionlp needs jiojio, which is under the GPL: wenbao reads the one's table as a file, and imports neither."""
    script = (
        "import sys; from rag.corpus import places; assert places.resolve('惠山区'); "
        "sys.exit('jionlp' in sys.modules or 'jiojio' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)


def test_rows_of_what_is_not_installed_are_kept() -> None:
    known = dict.fromkeys(licences.declared(), "Kept-1.0")
    rows = licences.rows_of(licences.tables(known, Say("en")))
    for name in licences.declared():
        assert rows[name] == (licences.licence_of(name) or "Kept-1.0")


def test_a_package_that_states_its_licence_in_other_words_is_understood() -> None:
    assert licences.licence_of("jionlp") == "Apache-2.0"
    assert licences.licence_of("pyyaml") == "MIT"
    assert licences.licence_of("no-such-package") is None


def test_what_comes_along_is_found_through_others() -> None:
    found = licences.brought_along(["jionlp"])
    assert found["jiojio"] == "GPL-3.0"
    assert "jionlp" not in found
