"""An invented paper and a library that answers about it, to be served by the real application on a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rag.cancellation import Cancellation
from rag.errors import Cancelled, NotFound
from rag.index.storage.contents import Contents
from rag.index.storage.listing import Listing
from rag.offsets import OffsetMap, runs_of, text_of
from rag.settings import Settings
from rag.types import (
    Answer,
    Article,
    ArticleKind,
    ArticleList,
    Block,
    BlockRole,
    Chunk,
    Citation,
    Counts,
    Filters,
    GenerationChanges,
    Hit,
    IndexReport,
    IndexStatus,
    PlaceCount,
    Ranks,
    Skipped,
    SourceList,
    Turn,
)
from server.live import LiveLibrary
from server.process.run import base_url, bind, make_server
from server.refreshing.jobs import Builder, Jobs
from server.state import State

FERRY_PAGE = """青石港告别手摇船
新渡轮“白鹭号”昨日下水
■本报记者 林禾 通讯员 周小满
　　昨天上午，青石港船厂自己造的第一
艘渡轮“白鹭号”滑入水中，码头上站满了
前来观看的居民。
　　这艘渡轮长42米，能载220人和
18辆车，从青石港到对岸的沙洲镇只要

棉田里的灯会
　　沙洲镇的灯会今年搬进了收过的棉田，三百盏灯一直亮到
正月十五。
十五分钟。
两年造一艘船
　　船厂厂长郑望山说，图纸改了九遍，钢板是从三家厂里凑齐的。
“造得慢，但每一条焊缝都是我们自己的。”
　　渡轮下月起每天往返十二班，票价三元，老人和学生免费。
"""

_STARTS = {name: FERRY_PAGE.index(name) for name in ("棉田里的灯会", "十五分钟。", "两年造一艘船")}
_FERRY_SPANS = ((0, _STARTS["棉田里的灯会"]), (_STARTS["十五分钟。"], len(FERRY_PAGE)))
_LANTERN_SPANS = ((_STARTS["棉田里的灯会"], _STARTS["十五分钟。"]),)

LONG_PAGE = "水文站的一年\n" + "".join(
    f"　　第{number}天，水位{number * 7 % 90 + 10}厘米，站里的人照常在六点钟记下读数。\n" for number in range(1, 121)
)
HOSTILE_PAGE = (
    "机房来稿\x1b[2J[bold red]不是标记[/]\x07，\u202e倒过来\u202c，\x9b31m也不是颜色，👩\u200d🚀与e\u0301都在。"
)


def make_article(article_id: str, source: str, page: str, spans: Sequence[tuple[int, int]], **known: object) -> Article:
    """An article of an invented page; `roles` tells what its paragraphs are, body where it does not."""
    roles: list[BlockRole] = list(known.pop("roles", ()))  # type: ignore[call-overload]
    text, runs = text_of(page, spans), runs_of(page, spans)
    # A paragraph of the page starts where a line is indented, or has a role of its own.
    paragraphs: list[str] = []
    for start, end in spans:
        for number, line in enumerate(page[start:end].splitlines()):
            if not line.strip():
                continue
            opens = line.startswith("　　") or len(paragraphs) < len(roles)
            opens = opens or (number == 0 and line.startswith("两年")) or not paragraphs
            opens = opens or line == "两年造一艘船"
            if opens:
                paragraphs.append(line.strip())
            else:
                paragraphs[-1] += line.strip()
    blocks, offset = [], 0
    for number, paragraph in enumerate(paragraphs):
        role = roles[number] if number < len(roles) else BlockRole.BODY
        role = BlockRole.SUBHEAD if paragraph == "两年造一艘船" else role
        blocks.append(Block(role, offset, offset + len(paragraph)))
        offset += len(paragraph)
    assert offset == len(text)
    return Article(article_id, source, tuple(spans), runs, text, tuple(blocks), **known)  # type: ignore[arg-type]


FERRY = make_article(
    "ferry",
    "港口/page-1.txt",
    FERRY_PAGE,
    _FERRY_SPANS,
    roles=[BlockRole.KICKER, BlockRole.TITLE, BlockRole.BYLINE],
    title="新渡轮“白鹭号”昨日下水",
    kicker="青石港告别手摇船",
    byline="■本报记者 林禾 通讯员 周小满",
    place=("浙江省", "青石港市"),
    date="2019-05-04",
)
LANTERNS = make_article(
    "lanterns",
    "港口/page-1.txt",
    FERRY_PAGE,
    _LANTERN_SPANS,
    roles=[BlockRole.TITLE],
    title="棉田里的灯会",
    place=("浙江省", "青石港市", "沙洲镇"),
)
LONG = make_article(
    "long/gauge", "long.txt", LONG_PAGE, [(0, len(LONG_PAGE))], roles=[BlockRole.TITLE], title="水文站的一年"
)
HOSTILE = make_article(
    "hostile",
    "r.jsonl#hostile",
    HOSTILE_PAGE,
    [(0, len(HOSTILE_PAGE))],
    kind=ArticleKind.RECORD,
    title="来稿\x1b]0;x\x07",
)
ARTICLES = (FERRY, LANTERNS, LONG, HOSTILE)

SPEED = "从青石港到对岸的沙洲镇只要十五分钟"
FARE = "票价三元，老人和学生免费"
LANTERN = "三百盏灯一直亮到正月十五"


def cite(number: int, article: Article, quote: str) -> Citation:
    """A citation of words of an article."""
    start = article.text.index(quote)
    spans = OffsetMap(article.runs, article.spans).spans(start, start + len(quote))
    return Citation(
        n=number,
        article_id=article.article_id,
        chunk_id=f"{article.article_id}-{start}",
        title=article.title,
        byline=article.byline,
        date=article.date,
        source=article.source,
        spans=spans,
        quote=quote,
    )


def hit(rank: int, article: Article, words: str) -> Hit:
    """A hit on words of an article."""
    start = article.text.index(words)
    spans = OffsetMap(article.runs, article.spans).spans(start, start + len(words))
    chunk = Chunk(f"c{rank}", article.article_id, start, start + len(words), words, spans, "", f"k{rank}")
    return Hit(rank, chunk, article, 1 / rank, Ranks(rank, None))


HITS = (hit(1, FERRY, "渡轮下月起每天往返十二班"), hit(2, LANTERNS, "沙洲镇的灯会"), hit(3, LONG, "第60天"))

ANSWERS: dict[str, tuple[str, tuple[Citation, ...], tuple[str, ...]]] = {
    "渡轮": (
        f"{SPEED}[1]。{FARE}[2]。\n灯会那边，{LANTERN}[3]。",
        (cite(1, FERRY, SPEED), cite(2, FERRY, FARE), cite(3, LANTERNS, LANTERN)),
        (),
    ),
    "水位": ("第77天，水位99厘米[1]。", (cite(1, LONG, "第77天，水位99厘米"),), ("the support is thin",)),
    "来稿": (
        "[bold]\x1b[31m不是标记[/]\x07，[1]，[9]",
        (cite(1, HOSTILE, HOSTILE_PAGE[4:30]),),
        ("\x1b[2J清屏",),
    ),
    "读数": (
        "".join(f"第{n}天[{n}]，" for n in range(1, 13)) + "共十二天。",
        tuple(cite(n, LONG, f"第{n}天，") for n in range(1, 13)),
        (),
    ),
}
"""By a word of the question: answer, citations, warnings. Everything else is refused."""


@dataclass
class PaperLibrary:
    """Answers from the table above, and remembers what it was asked."""

    is_sample: bool = False
    articles_known: tuple[Article, ...] = ARTICLES
    asked: list[tuple[str, tuple[Turn, ...]]] = field(default_factory=list)
    within: list[Filters | None] = field(default_factory=list)
    """The filters of each question."""
    failure: Exception | None = None
    """Raised by the next questions until it is taken away."""
    gate: threading.Event = field(default_factory=threading.Event)
    """Questions wait for it; set unless a test holds it."""
    generation: str = "g1"
    hits_first: bool = False
    """Hits are told before the gate, not with the answer."""
    called_off: int = 0
    """Questions whose client went away while they waited at the gate."""
    changes: GenerationChanges | None = None
    """What sets the generation apart from the one before."""
    skipped: tuple[Skipped, ...] = ()

    def __post_init__(self) -> None:
        self.gate.set()

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        top_k: int = 10,
        filters: Filters | None = None,
        answerer: str = "auto",
        explain: bool = False,
        on_hits: Callable[[tuple[Hit, ...]], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        self.asked.append((question, tuple(history)))
        self.within.append(filters)
        if self.hits_first and on_hits is not None:
            on_hits(HITS)
        self._pass_gate(cancellation or Cancellation())
        if self.failure is not None:
            raise self.failure
        standalone = question
        if question.startswith("那") and history:
            standalone = f"{history[-2].content}{question}"
        answer, citations, warnings = next(
            (ANSWERS[word] for word in ANSWERS if word in standalone), ("没有找到相关报道。", (), ())
        )
        return Answer(
            question=question,
            answered=bool(citations),
            answer=answer,
            citations=citations,
            hits=HITS if "空" not in question else (),
            standalone_question=standalone,
            answerer="extractive",
            generation=self.generation,
            took_ms=1.0,
            warnings=warnings,
        )

    def _pass_gate(self, cancellation: Cancellation) -> None:
        try:
            for _ in range(600):
                if self.gate.wait(0.05):
                    return
                cancellation.check()
        except Cancelled:
            self.called_off += 1
            raise
        raise AssertionError("nobody opened the gate")

    def articles(
        self,
        *,
        source: str | None = None,
        place: str | None = None,
        q: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
        date_from: str | None = None,
        date_to: str | None = None,
    ) -> ArticleList:
        known = self.articles_known
        listing = Listing((a.article_id, a.source, json.dumps(a.place), a.date) for a in known)
        filters = Filters((source,) if source else (), (place,) if place else (), date_from, date_to)
        ordinals, following, total = listing.page(
            filters, q, limit, cursor, lambda words: {n for n, a in enumerate(known) if words in a.text}
        )
        return ArticleList(tuple(known[ordinal] for ordinal in ordinals), following, total)

    def sources(self, *, under: str = "", limit: int = 100, cursor: str | None = None) -> SourceList:
        return self._contents().sources(under, limit, cursor)

    def places(self, *, q: str | None = None, under: str | None = None, limit: int = 20) -> tuple[PlaceCount, ...]:
        return self._contents().places(q, under, limit)

    def _contents(self) -> Contents:
        return Contents((a.article_id, a.source, json.dumps(a.place)) for a in self.articles_known)

    def article(self, article_id: str) -> Article:
        for article in self.articles_known:
            if article.article_id == article_id:
                return article
        raise NotFound(f"no article {article_id}", hint="Look the ids up in the listing.")

    def status(self) -> IndexStatus:
        counts = Counts(3, len(self.articles_known), 9, 4_000)
        return IndexStatus(
            self.generation,
            "2024-01-01T00:00:00Z",
            counts,
            "tiny",
            "f",
            "/papers/港口日报",
            self.is_sample,
            "v",
            self.skipped,
            self.changes,
        )

    def refresh(self) -> bool:
        return False

    def close(self) -> None:
        self.gate.set()


@contextmanager
def serving(
    library: Any,
    *,
    opened: threading.Event | None = None,
    opening_error: Exception | None = None,
    builder: Builder | None = None,
    **settings: object,
) -> Iterator[str]:
    """The address of the real application over `library`.

    Args:
        library: what answers, a `PaperLibrary` or what stands for one.
        opened: the index counts as loading until it is set.
        opening_error: raised instead of opening.
        builder: refreshes the index; None: finds nothing changed.
        settings: such as `api_keys`.
    """

    def opener(_: Callable[..., None]) -> Any:
        if opened is not None:
            assert opened.wait(30)
        if opening_error is not None:
            raise opening_error
        return library

    report = IndexReport("g2", False, Counts(), 0, 0, 0, (), 0.1)
    live = LiveLibrary(opener, patience=0.05, retry=0.0)
    state = State(Settings(**settings), live, Jobs(builder or (lambda _: report), lambda: None))
    with serving_state(state) as url:
        if opened is None and opening_error is None:
            live.wait()
        try:
            yield url
        finally:
            library.gate.set()
            if opened is not None:
                opened.set()


@contextmanager
def serving_state(state: State) -> Iterator[str]:
    """The address of the real application over a state."""
    answers = threading.Event()
    server = make_server(state, answers.set)
    with bind("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert answers.wait(30)
            yield base_url("127.0.0.1", listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(30)
