"""The site's search in a real browser: Chinese and English words find the pages that hold them."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

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
