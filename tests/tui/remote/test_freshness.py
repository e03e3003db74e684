"""A refresh seen going on from everywhere, and newer generations noticed, whoever built them."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.embedding.base import Embedder
from rag.errors import StoreError
from rag.settings import Settings, sample_path
from rag.types import Counts, GenerationChanges, IndexReport, Progress
from server.schemas import CountsOut, IndexOut, JobOut, Problem
from server.state import build_state
from tests.tui.conftest import NARROW, WIDE, Screenful, ready
from tests.tui.corpus.test_corpus import browser, browsing, found, labels, said
from tests.tui.paper import ARTICLES, PaperLibrary, make_article, serving, serving_state
from tui.i18n import Language, Words
from tui.remote.freshness import BUSY_SECONDS, QUIET_SECONDS, Freshness, Seen
from tui.remote.link import Link
from tui.screens.index import IndexScreen
from tui.text.glyphs import cells
from tui.widgets.bars import StatusBar
from tui.widgets.corpus.refresh import RefreshLine, job_line, time_left
from tui.widgets.prose import Prose

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
RUNNING = JobOut(
    job_id="j",
    state="running",
    started="2024-01-01T00:00:00Z",
    stage="embedding",
    done=450,
    total=1_800,
    rate=30.4,
    seconds_left=44.0,
)


def shown(screenful: Screenful) -> str:
    """The line of the refresh on the screen of the moment; empty where it is not there."""
    line = screenful.app.screen.query_one(RefreshLine)
    return "".join(paragraph.text for paragraph in line.paragraphs) if line.display else ""


class Building:
    """A refresh that goes on step by step as a test has it."""

    def __init__(self) -> None:
        self.progress: Callable[[Progress], None] | None = None
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.error: Exception | None = None
        self.on_end: Callable[[], None] = lambda: None
        self.changed = False

    def __call__(self, progress: Callable[[Progress], None]) -> IndexReport:
        self.progress = progress
        progress(Progress("reading", 3, 3))
        self.started.set()
        assert self.go_on.wait(30)
        if self.error is not None:
            raise self.error
        self.on_end()
        return IndexReport("g2", self.changed, Counts(1, 2, 3, 4), 5, 6, 7, (), 1.25)

    def tell(self, *step: object, **more: object) -> None:
        assert self.progress is not None
        self.progress(Progress(*step, **more))  # type: ignore[arg-type]


@pytest.fixture
def building() -> Iterator[Building]:
    building = Building()
    yield building
    building.go_on.set()


@pytest.fixture
def server(workdir: Path, library: PaperLibrary, building: Building) -> Iterator[str]:
    with serving(library, builder=building) as url:
        yield url
        building.go_on.set()


@BOTH
async def test_a_refresh_is_followed_while_asking_goes_on(
    server: str, building: Building, library: PaperLibrary, size: tuple[int, int]
) -> None:
    async with browsing(server, size, notifications=True) as screenful:
        assert shown(screenful) == ""
        await screenful.press("R")
        await screenful.until(lambda: "reading the corpus" in shown(screenful))
        building.tell("embedding", 450, 1_800, rate=30.4, seconds_left=44.0)
        await screenful.until(lambda: "25%" in shown(screenful))
        for told in ("embedding", "450/1,800", "30/s", "about 44 s left", "━"):
            assert told in shown(screenful)
            assert told in screenful.text()
        await screenful.press("escape")
        assert "25%" in screenful.lines()[1]  # the main screen has it too
        await screenful.ask("渡轮")
        building.tell("polishing", 1, 2)
        await screenful.until(lambda: "polishing" in shown(screenful))
        building.go_on.set()
        await screenful.until(lambda: shown(screenful) == "")
        await screenful.until(lambda: "Nothing in the corpus has changed" in said(screenful))


async def test_a_refresh_that_fails_says_why_and_what_to_do(server: str, building: Building) -> None:
    building.error = StoreError("The disk is\x1b[2J full.", hint="Make room, then start it again.")
    async with browsing(server, notifications=True) as screenful:
        await screenful.press("R")
        await screenful.until(building.started.is_set)
        building.go_on.set()
        await screenful.until(lambda: "The disk is␛[2J full." in said(screenful))
        assert shown(screenful) == ""
        screenful.app.clear_notifications()
        await screenful.press("i")
        text = screenful.text()
        assert isinstance(screenful.app.screen, IndexScreen)
        assert "The disk is␛[2J full." in text
        assert "Make room, then start it again." in text


async def test_the_state_follows_a_refresh_to_its_end(server: str, building: Building) -> None:
    building.changed = True
    async with browsing(server, notifications=True) as screenful:
        await screenful.press("R")
        await screenful.until(building.started.is_set)
        await screenful.press("i")
        await screenful.until(lambda: "Being refreshed" in screenful.text())
        building.go_on.set()
        await screenful.until(lambda: "5 passages embedded, 6 kept, 7 removed, in 1.2 s" in screenful.text())
        assert "Being refreshed" not in screenful.text()


async def test_a_refresh_that_the_server_refuses_is_told(workdir: Path, library: PaperLibrary) -> None:
    with serving(library, api_keys="read:KEY") as url:
        async with ready(url, key="KEY") as screenful:
            await screenful.press("ctrl+b")
            await screenful.until(lambda: len(labels(screenful)) > 3)
            await screenful.press("R")
            await screenful.until(lambda: "does not accept this key" in screenful.text())


@BOTH
async def test_a_newer_generation_is_noticed_and_old_articles_are_forgotten(
    address: str, library: PaperLibrary, size: tuple[int, int]
) -> None:
    async with ready(address, size, notifications=True) as screenful:
        await screenful.ask_and_read("渡轮")
        old = screenful.article.article
        assert old is not None
        page = "停航通知\n　　白鹭号本周停航检修。\n"
        changed = make_article("ferry", "港口/page-1.txt", page, [(0, len(page))], title="停航通知")
        library.articles_known = (changed, *ARTICLES[1:3])
        library.changes = GenerationChanges("g1", added=0, changed=1, moved=0, removed=1)
        library.generation = "g2"
        await screenful.until(lambda: "A new index is live: articles +0 −1, 1 changed." in said(screenful))
        assert "3 articles" in screenful.lines()[0]
        assert screenful.screen.query_one(StatusBar).display
        screenful.app.clear_notifications()
        await screenful.press("escape", "1")
        await screenful.until(lambda: screenful.article.article is not None and screenful.article.article != old)
        assert "停航检修" in screenful.article.article.text  # type: ignore[union-attr]


async def test_the_browser_shows_what_a_newer_generation_holds(address: str, library: PaperLibrary) -> None:
    async with browsing(address, notifications=True) as screenful:
        library.articles_known = ARTICLES[:1]
        library.generation = "g2"
        await screenful.until(lambda: found(screenful) == ["ferry"])
        await screenful.until(lambda: "港口/ 1" in labels(screenful))
        assert "long.txt 1" not in labels(screenful)
        assert "1 articles in 3 files" in browser(screenful).query_one("#corpus-state", Prose).paragraphs[0].text
        await screenful.until(lambda: "A new index is live: 1 articles." in said(screenful))


@pytest.fixture
def town(tmp_path: Path, sample_index: Settings) -> Settings:
    """A corpus and an index of our own, both copies of the sample's."""
    corpus, vectors = tmp_path / "corpus", tmp_path / "vectors"
    shutil.copytree(sample_path(), corpus)
    shutil.copytree(sample_index.vectors, vectors)
    return Settings(corpus=corpus, vectors=vectors, watch=False)


@pytest.mark.usefixtures("opened_once", "workdir")
async def test_an_edit_of_the_corpus_is_found_after_a_refresh(
    town: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag.index.building.builder import build_index

    # In this process and with the model that is open: a process aside would load its own for two sentences.
    monkeypatch.setattr("server.state.build_aside", lambda wanted, progress: build_index(wanted, progress, embedder))
    build_index(town, embedder=embedder)
    state = build_state(town)
    with serving_state(state) as url:
        state.live.wait()
        async with browsing(url, NARROW, notifications=True) as screenful:
            (town.corpus_path / "new").mkdir()
            page = "渡口添了夜班船\n　　从本周起，石矶渡的末班船改在十一点，两岸的人下了班也过得了河。\n"
            (town.corpus_path / "new" / "ferry.txt").write_text(page, encoding="utf-8")
            await screenful.press("R")
            await screenful.until(lambda: "A new index is live: articles +1 −0." in said(screenful))
            await screenful.until(lambda: "new/ 1" in labels(screenful))
            screenful.app.clear_notifications()
            await screenful.press("escape")
            view = await screenful.ask("石矶渡的末班船改在几点？")
            assert "十一点" in (view.turn.reply.answer if view.turn.reply else "")
            # Another process builds the next one.
            (town.corpus_path / "new" / "ferry.txt").unlink()
            build_index(town, embedder=embedder)
            await screenful.until(lambda: "A new index is live: articles +0 −1." in said(screenful))


# ------------------------------------------------------------------------------------------------- without a screen


def index(generation: str | None, job: JobOut | None = None, last: JobOut | None = None) -> IndexOut:
    return IndexOut(
        generation=generation, corpus="c", is_sample=False, counts=CountsOut(articles=3), job=job, last_job=last
    )


def test_a_look_beside_the_one_before_tells_what_has_happened() -> None:
    ended = RUNNING.model_copy(update={"state": "succeeded"})
    assert not Seen(index("g1")).is_new
    assert not Seen(index("g1"), index("g1")).is_new
    assert Seen(index("g2"), index("g1")).is_new
    assert Seen(index("g1"), index(None)).is_new
    assert not Seen(index(None), index("g1")).is_new
    assert Seen(index("g1", last=ended), index("g1", RUNNING)).ended == ended
    assert Seen(index("g1", RUNNING), index("g1", RUNNING)).ended is None
    assert Seen(index("g1", last=ended), index("g1")).ended is None  # it was not seen to run
    other = ended.model_copy(update={"job_id": "another"})
    assert Seen(index("g1", last=other), index("g1", RUNNING)).ended is None


async def test_a_look_that_was_under_way_when_a_refresh_began_does_not_hide_its_end() -> None:
    class Server:
        async def start_index(self) -> JobOut:
            return RUNNING

    class OneLink:
        ready = True

        async def client(self) -> Server:
            return Server()

        async def pause(self, seconds: float) -> None:
            raise AssertionError("nothing is waited for")

    freshness, seen = Freshness(OneLink()), []  # type: ignore[arg-type]
    freshness.listeners.append(seen.append)
    freshness.saw(index("g"))
    await freshness.refresh()
    freshness.saw(index("g"))  # asked for before the refresh, answered after it
    assert seen[-1].index.job == RUNNING
    ended = RUNNING.model_copy(update={"state": "failed"})
    freshness.saw(index("g", last=ended))
    assert seen[-1].ended == ended
    freshness.saw(index("g", last=ended))
    assert seen[-1].ended is None


async def test_it_is_looked_seldom_while_nothing_goes_on(address: str) -> None:
    link = Link(lambda: (address, None))
    pauses: list[float] = []
    turn = asyncio.Semaphore(0)

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await turn.acquire()

    looked: asyncio.Queue[Seen] = asyncio.Queue()
    freshness = Freshness(link, pause)
    freshness.listeners.append(looked.put_nowait)
    task = asyncio.create_task(freshness.run())
    try:
        await link.establish()
        turn.release()
        assert (await looked.get()).before is None
        turn.release()
        assert (await looked.get()).before is not None
        freshness.saw(index("g1", RUNNING))
        await looked.get()
        turn.release()  # the pause of before
        await looked.get()
        assert set(pauses) == {QUIET_SECONDS}
        freshness.saw(index("g1", RUNNING))
        await looked.get()
        turn.release()
        turn.release()
        await looked.get()
        await freshness.refresh()
        async with asyncio.timeout(20):
            while (await looked.get()).index.job is None:
                pass  # a look that was under way
        await looked.get()  # at once, without a pause that ends
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await link.close()
    assert QUIET_SECONDS >= 5 > BUSY_SECONDS


async def test_a_look_that_fails_is_made_again(workdir: Path, library: PaperLibrary) -> None:
    looked: asyncio.Queue[Seen] = asyncio.Queue()
    with serving(library) as url:
        link = Link(lambda: (url, None))
        await link.establish()
    failed = asyncio.Event()
    pauses = lost = 0

    def lose() -> None:
        nonlocal lost
        lost += 1

    async def pause(_: float) -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 3:
            failed.set()
        await asyncio.sleep(0)

    freshness = Freshness(link, pause)
    freshness.listeners.append(looked.put_nowait)
    freshness.on_lost = lose
    task = asyncio.create_task(freshness.run())
    await asyncio.wait_for(failed.wait(), 20)
    assert looked.empty()
    assert lost == 2
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await link.close()


async def test_a_server_that_goes_is_missed_without_a_question(workdir: Path, library: PaperLibrary) -> None:
    context = serving(library)
    url = context.__enter__()
    try:
        async with ready(url) as screenful:
            await screenful.until(lambda: screenful.lines()[0].rstrip().endswith("ready"))
            context.__exit__(None, None, None)
            await screenful.until(lambda: "not ready, retrying" in screenful.lines()[0])
            await screenful.until(lambda: "cannot be reached" in screenful.text())
    finally:
        context.__exit__(None, None, None)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("width", [20, 40, 60, 78, 158])
def test_a_refresh_fits_its_line(width: int, language: Language) -> None:
    words = Words(language)
    for job in (
        RUNNING,
        RUNNING.model_copy(update={"total": 0}),
        RUNNING.model_copy(update={"done": 9_999_999, "total": 10_000_000, "seconds_left": 86_400.0}),
        RUNNING.model_copy(update={"stage": "\x1b[2J" * 30, "done": 5_000}),
        RUNNING.model_copy(update={"stage": ""}),
    ):
        line = job_line(job, words, width)
        assert cells(line.text) <= width
        assert "\x1b" not in line.text
    if width >= 78:
        told = job_line(RUNNING, words, width).text
        for part in (words("corpus.stage.embedding"), "25%", "450/1,800", time_left(44, words)):
            assert part in told
    if width == 158:
        assert words("corpus.rate", count="30") in job_line(RUNNING, words, width).text


def test_the_time_left_is_told_roughly() -> None:
    words = Words(Language.EN)
    assert time_left(0.2, words) == "about 1 s left"
    assert time_left(89.4, words) == "about 89 s left"
    assert time_left(90, words) == "about 2 min left"
    assert time_left(3_600, words) == "about 60 min left"


def test_problems_of_a_refresh_are_what_the_api_tells() -> None:
    problem = Problem(type="t", title="T", status=500, detail="d")
    failed = RUNNING.model_copy(update={"state": "failed", "problem": problem})
    assert Seen(index("g1", last=failed), index("g1", RUNNING)).ended == failed
