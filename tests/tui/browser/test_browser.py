"""`wenbao web` in a real browser: a question typed with an input method, the answer on the screen."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rag.settings import Settings
from tests.tui.browser import chromium
from tests.tui.browser.test_web import served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="Chromium is not installed (apt install chromium)"),
]
QUESTION = "哪些城市搭建了婚恋交友平台？"
ENTER, ESCAPE = ("Enter", 13, "\r"), ("Escape", 27)
PNG = b"\x89PNG\r\n\x1a\n"
_CLOSED = """
new Promise(done => {
  const look = () => document.body.classList.contains('-closed') ? done(true) : requestAnimationFrame(look);
  look();
})
"""


async def test_a_question_is_typed_answered_and_its_citation_read(sample_index: Settings, tmp_path: Path) -> None:
    with served(tmp_path, "--vectors", str(sample_index.vectors)) as (_, address, path):
        async with chromium.opened(f"{address}{path}") as page:
            await page.until("就绪", "内置样本")
            await page.compose("na xie cheng shi", QUESTION)
            await page.until(QUESTION)
            await page.press(*ENTER)
            answer = await page.until("邯郸市", "[1]")
            assert QUESTION in answer
            await page.press(*ESCAPE)
            await page.until("n 下一处")
            await page.press("1", 49, "1")
            await page.until("引文 1", "抛绣球")
            assert (await page.picture()).startswith(PNG)
            assert await page.value("location.href") == f"{address}/"
            here = urlsplit(address).netloc
            assert {urlsplit(asked).netloc for asked in page.requested if not asked.startswith("data:")} == {here}


async def test_a_session_that_has_ended_can_be_started_again(sample_index: Settings, tmp_path: Path) -> None:
    with served(tmp_path, "--vectors", str(sample_index.vectors)) as (_, address, path):
        async with chromium.opened(f"{address}{path}") as page:
            await page.until("就绪")
            await page.press("q", 81, modifiers=2)
            await page.call("Runtime.evaluate", expression=_CLOSED, awaitPromise=True)
            assert await page.value("document.querySelector('.closed').innerText.includes('会话已结束')")
            await page.value(
                "setTimeout(() => document.querySelector('.closed a').click())"
            )  # the page goes after its reply
            await page.until("就绪")


async def test_a_page_that_is_resized_is_laid_out_anew(sample_index: Settings, tmp_path: Path) -> None:
    with served(tmp_path, "--vectors", str(sample_index.vectors)) as (_, address, path):
        async with chromium.opened(f"{address}{path}", (720, 500)) as page:
            narrow = await page.until("就绪", "向报纸提问")
            assert "╮╭" not in narrow
            await page.call(
                "Emulation.setDeviceMetricsOverride", width=1600, height=900, deviceScaleFactor=1, mobile=False
            )
            wide = await page.until("就绪", "╮╭")  # two panes, side by side
            assert max(map(len, wide.splitlines())) > 120
