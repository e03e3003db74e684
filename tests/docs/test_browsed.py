"""The site in a real browser: words of both languages find the pages that hold them; what is copied can be typed."""

from __future__ import annotations

import asyncio
import functools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.blocks import ROOT, blocks_of, commands_of
from tests.docs.test_site import site  # noqa: F401  # the fixture
from tests.tui.browser import chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.docs,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="Chromium is not installed (apt install chromium)"),
]
_FOUND = "Array.from(document.querySelectorAll('.md-search-result__link')).map(link => link.href)"
_TYPED = """
(() => { const box = document.querySelector('input[data-md-component=search-query]');
  if (!box) return false;
  document.querySelector('#__search').checked = true; box.focus(); box.value = %r;
  for (const kind of ['focus', 'keyup', 'input']) box.dispatchEvent(new Event(kind, {bubbles: true}));
  return true; })()
"""
_COPIED = """
Array.from(document.querySelectorAll('pre code')).filter(block => block.querySelector('.gp')).map(block => {
  block.setAttribute('data-md-copying', '');  // as the copy button does while it reads
  const text = block.innerText; block.removeAttribute('data-md-copying'); return text.trim(); })
"""
_FRAME = "new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing of requests."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("start", "typed", "page"),
    [
        ("zh/index.html", "许可", "zh/licences.html"),
        ("zh/index.html", "词典", "zh/licences.html"),
        ("zh/index.html", "密钥", "zh/reference/settings.html"),
        ("index.html", "licences", "licences.html"),
        ("index.html", "max_concurrent", "reference/settings.html"),
    ],
)
async def test_words_find_the_pages_that_hold_them(site: Path, start: str, typed: str, page: str) -> None:  # noqa: F811
    with served(site) as address:
        async with chromium.opened(f"{address}/{start}") as browser:
            found: list[str] = []
            async with asyncio.timeout(chromium.PATIENCE_S):
                while not any(urlsplit(link).path == f"/{page}" for link in found):
                    await browser.value(_TYPED % typed)
                    await browser.call("Runtime.evaluate", expression=_FRAME, awaitPromise=True)
                    found = await browser.value(_FOUND) or []
            assert {urlsplit(asked).netloc for asked in browser.requested if asked.startswith("http")} == {
                urlsplit(address).netloc
            }


async def test_the_copy_button_takes_what_is_typed_and_not_what_is_printed(site: Path) -> None:  # noqa: F811
    async with chromium.opened((site / "tutorial.html").as_uri()) as browser:
        copied: list[str] = []
        typed = [
            "\n".join(command.text for command in commands_of(block))
            for block in blocks_of(ROOT / "docs" / "tutorial.md")
            if block.language == "console"
        ]
        async with asyncio.timeout(chromium.PATIENCE_S):
            while len(copied) < len(typed):
                await browser.call("Runtime.evaluate", expression=_FRAME, awaitPromise=True)
                copied = await browser.value(_COPIED) or []
        assert [re.sub(r"\n+", "\n", text) for text in copied] == typed
