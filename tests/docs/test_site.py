"""mkdocs.yml and the pages agree, links work in a checkout and on the site, which builds strictly and offline."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from docs.generator.links import META, rewritten, with_chinese_links
from tests.docs.blocks import ROOT

DOCS = ROOT / "docs"
CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
PAGES = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
CHINESE = {page.replace(".zh.md", ".md") for page in PAGES if page.endswith(".zh.md")}
ENGLISH = {page for page in PAGES if not page.endswith(".zh.md")}
TRANSLATED = {"index.md", "tutorial.md", "explanation.md", "licences.md"}
"""Pages that have a Chinese twin, beside all how-tos and the generated references."""


def navigation(node: Any) -> Iterator[tuple[str, str | None]]:
    """Every title of the navigation, with the page where it is one."""
    for entry in node:
        ((title, below),) = entry.items()
        yield title, below if isinstance(below, str) else None
        if not isinstance(below, str):
            yield from navigation(below)


NAVIGATION = list(navigation(CONFIG["nav"]))


def test_every_page_is_in_the_navigation_once_and_every_entry_is_a_page() -> None:
    entries = [page for _, page in NAVIGATION if page]
    assert sorted(entries) == sorted(ENGLISH)


def test_what_readers_begin_with_is_there_in_chinese_too() -> None:
    wanted = TRANSLATED | {page for page in ENGLISH if page.startswith(("howto/", "reference/"))}
    assert wanted <= CHINESE <= ENGLISH


def test_every_title_of_the_navigation_has_its_chinese() -> None:
    (plugin,) = (one["i18n"] for one in CONFIG["plugins"] if "i18n" in one)
    (chinese,) = (language for language in plugin["languages"] if language["locale"] == "zh")
    titles = {title for title, _ in NAVIGATION}
    assert titles - chinese["nav_translations"].keys() == {"README"}
    assert chinese["nav_translations"].keys() - titles == set()


def test_pages_that_show_a_file_of_the_repository_name_one() -> None:
    shown = [
        match[1] for page in PAGES if (match := re.match(rf"---\n{META}: (\S+)\n---", (DOCS / page).read_text("utf-8")))
    ]
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "bench/README.md"} == set(shown)
    assert [file for file in shown if not (ROOT / file).exists()] == []


PLACES = {"docs/api.md": "api.md", "docs/howto/mcp.md": "howto/mcp.md", "bench/README.md": "project/measuring.md"}


@pytest.mark.parametrize(
    ("link", "here", "page", "on_the_site"),
    [
        ("[a](../bench/README.md#load)", "docs/api.md", "api.md", "[a](project/measuring.md#load)"),
        ("[a](../../bench/README.md)", "docs/howto/mcp.md", "howto/mcp.md", "[a](../project/measuring.md)"),
        ("[a](../docs/api.md)", "bench/README.md", "project/measuring.md", "[a](../api.md)"),
        ("[a](api.md)", "docs/other.md", "other.md", "[a](api.md)"),
        ("[a](gone.md)", "docs/howto/mcp.md", "howto/mcp.md", "[a](gone.md)"),
        ("[`code`](../rag/types.py)", "docs/api.md", "api.md", "`code`"),
        ("[a](https://paper.example/x)", "docs/api.md", "api.md", "[a](https://paper.example/x)"),
        ("`[a](../rag/types.py)`", "docs/api.md", "api.md", "`[a](../rag/types.py)`"),
        ("```text\n[a](../rag/types.py)\n```", "docs/api.md", "api.md", "```text\n[a](../rag/types.py)\n```"),
        ("[a](#below)", "docs/api.md", "api.md", "[a](#below)"),
    ],
)
def test_links_lead_to_the_same_on_the_site(link: str, here: str, page: str, on_the_site: str) -> None:
    assert rewritten(link, here, page, PLACES, "") == on_the_site


def test_files_without_a_page_are_shown_where_the_repository_can_be_looked_at() -> None:
    told = rewritten("[a](../rag/types.py#L1)", "docs/api.md", "api.md", PLACES, "https://forge.example/wenbao/")
    assert told == "[a](https://forge.example/wenbao/blob/main/rag/types.py#L1)"


@pytest.mark.parametrize(
    ("link", "page", "url", "built"),
    [
        ("../tutorial.zh.md", "project/readme.md", "project/readme.html", "../zh/tutorial.html"),
        ("tutorial.zh.md#begin", "index.md", "index.html", "zh/tutorial.html#begin"),
        ("howto/api.zh.md", "index.md", "zh/index.html", "howto/api.html"),
        ("tutorial.html", "index.md", "index.html", "tutorial.html"),
        ("https://paper.example/a.zh.md", "index.md", "index.html", "https://paper.example/a.zh.md"),
    ],
)
def test_links_to_a_chinese_page_lead_to_it(link: str, page: str, url: str, built: str) -> None:
    assert with_chinese_links(f'<a href="{link}">', page, url) == f'<a href="{built}">'


class Page(HTMLParser):
    """What a built page fetches, where it leads, and the places in it that can be led to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.led_to: list[str] = []
        self.anchors: set[str] = {""}
        self.language = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.anchors |= {told[name] for name in ("id", "name") if name in told}
        if tag == "html":
            self.language = told["lang"]
        elif tag == "a" and "href" in told:
            self.led_to.append(told["href"])
        elif tag != "a":
            self.fetched += [told[name] for name in ("src", "href") if name in told]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a warning fails."""
    if find_spec("mkdocs") is None or find_spec("mkdocs_static_i18n") is None:
        pytest.skip("mkdocs is not installed: pip install 'wenbao[docs]'")
    folder = tmp_path_factory.mktemp("site")
    # Without a colour, and without what Material has to say of its future.
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.docs
def test_the_site_has_every_page_in_both_languages(site: Path) -> None:
    for page in ENGLISH:
        built = page.replace(".md", ".html")
        assert Page(site / built).language == "en"
        assert Page(site / "zh" / built).language == "zh"
    assert not (site / "generator").exists()


@pytest.mark.docs
def test_the_site_fetches_nothing_from_elsewhere_and_no_link_is_broken(site: Path) -> None:
    pages = {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}
    assert len(pages) > 60
    for path, page in pages.items():
        assert [address for address in page.fetched if urlsplit(address).netloc] == [], path
        for address in page.fetched + page.led_to:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or address.startswith("/"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), f"{path.relative_to(site)}: {address}"
            if target in pages and parts.fragment:
                anchors = pages[target].anchors
                assert unquote(parts.fragment) in anchors, f"{path.relative_to(site)}: {address}"


@pytest.mark.docs
def test_style_sheets_and_scripts_fetch_nothing_either(site: Path) -> None:
    for path in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)]+", path.read_text(encoding="utf-8")) == [], path


@pytest.mark.docs
def test_the_search_index_holds_chinese_words_and_each_page_once(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    entries = {entry["location"]: entry for entry in index["docs"]}
    assert {"index.html", "zh/index.html", "api.html", "zh/licences.html"} <= entries.keys()
    assert "zh/api.html" not in entries  # which is the English page again
    separator = re.compile(index["config"]["separator"].replace(r"\u200b", "\u200b"))
    words = separator.split(re.sub("<[^>]+>", " ", entries["zh/licences.html"]["text"]))
    assert {"许可", "样例"} <= set(words)
