"""Wire models: what goes over HTTP, field by field, and the only part of the server that its clients import.

Requests refuse unknown fields and are bounded; replies ignore fields that a newer server adds. Offsets are Unicode code
points: `spans` point into the source, `blocks` into `text`. Conversion goes one way, from a domain type to its wire
model, by the `from_…` class methods here; domain types are named for the type checker only.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

if TYPE_CHECKING:
    from rag.types import (
        Answer,
        Article,
        ArticleList,
        Citation,
        Hit,
        IndexReport,
        SearchResult,
    )

MAX_QUESTION = 2_000
"""Characters of a question or query; a longer one is a text, not a question."""
MAX_TURN = 20_000
"""Characters of one earlier message."""
MAX_HISTORY = 200
"""Earlier messages sent with a question."""
MAX_FILTER_VALUES = 1_000
"""Values of one filter field."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _iso_day(value: str) -> str:
    if not _DAY.fullmatch(value):
        raise ValueError("expected an ISO 8601 day such as 2018-12-01")
    date.fromisoformat(value)
    return value


Mode = Literal["hybrid", "dense", "lexical"]
AnswererChoice = Literal["auto", "extractive", "llm"]
WireSpan = Annotated[tuple[int, int], Field(description="`[start, end)` in Unicode code points.")]
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION)]
FilterValue = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]
FilterValues = Annotated[list[FilterValue], Field(max_length=MAX_FILTER_VALUES)]
IsoDay = Annotated[str, AfterValidator(_iso_day), Field(json_schema_extra={"format": "date"})]
TopK = Annotated[int, Field(ge=1, le=100, description="How many passages to return at most.")]


class RequestModel(BaseModel):
    """A request body: unknown fields and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ReplyModel(BaseModel):
    """A reply, or a part of one. It is read off a domain type where the two have the same fields."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


# ---------------------------------------------------------------------------------------------------------- requests


class FiltersIn(RequestModel):
    """Restrictions on what is searched. Empty fields restrict nothing; fields combine with *and*, values with *or*."""

    sources: FilterValues = Field(default=[], description="Sources, or folders ending in `/`.", examples=[["2024/"]])
    places: FilterValues = Field(
        default=[], description="Places at any level, in full or in short form.", examples=[["江苏", "无锡市"]]
    )
    date_from: IsoDay | None = Field(default=None, description="First day, inclusive.", examples=["2018-01-01"])
    date_to: IsoDay | None = Field(default=None, description="Last day, inclusive.", examples=["2018-12-31"])
    article_ids: FilterValues = Field(default=[], description="Only these articles.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ValueError(f"date_from {self.date_from} is later than date_to {self.date_to}")
        return self


class TurnIn(RequestModel):
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"] = Field(description="Who wrote it.")
    content: str = Field(max_length=MAX_TURN, description="What it said.")


class SearchRequest(RequestModel):
    """What to look for."""

    query: Question = Field(description="Words or a question.", examples=["婚恋交友平台"])
    top_k: TopK = 10
    mode: Mode = Field(default="hybrid", description="By meaning (`dense`), by words (`lexical`) or both (`hybrid`).")
    filters: FiltersIn | None = Field(default=None, description="Restrictions on what is searched; null for none.")


class AskRequest(RequestModel):
    """A question, with the conversation that it belongs to."""

    question: Question = Field(description="The question.", examples=["哪些城市搭建了婚恋交友平台？"])
    history: Annotated[list[TurnIn], Field(max_length=MAX_HISTORY)] = Field(
        default=[], description="Earlier messages, oldest first; the question itself is not among them."
    )
    top_k: TopK = 10
    filters: FiltersIn | None = Field(default=None, description="Restrictions on what is searched; null for none.")
    stream: bool = Field(default=False, description="Reply as server-sent events.")
    answerer: AnswererChoice = Field(
        default="auto", description="`extractive` quotes the paper, `llm` has a language model phrase it."
    )


class ArticlesQuery(BaseModel):
    """Query parameters of the article listing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = Field(default=None, max_length=1_000, description="One source, or a folder ending in `/`.")
    place: str | None = Field(default=None, max_length=1_000, description="A place at any level.")
    q: str | None = Field(default=None, max_length=MAX_QUESTION, description="Words that title or text contain.")
    limit: int = Field(default=20, ge=1, le=100, description="Articles per page.")
    cursor: str | None = Field(default=None, max_length=4_000, description="`next_cursor` of the page before.")


class IndexRequest(RequestModel):
    """Starts a refresh of the index. There is nothing to say yet: the body may be left out."""


# ----------------------------------------------------------------------------------------------- passages and answers


class RanksOut(ReplyModel):
    """Where a passage stood in each leg, counted from 1."""

    dense: int | None = Field(description="Rank by meaning; null where that leg did not return it.")
    lexical: int | None = Field(description="Rank by words; null where that leg did not return it.")


class HitOut(ReplyModel):
    """A passage that was found."""

    rank: int = Field(description="Counted from 1.")
    article_id: str = Field(description="The article that it is from.")
    chunk_id: str = Field(description="The passage.")
    title: str = Field(description="Headline of the article; empty where it has none.")
    byline: str = Field(description="As printed; empty where there is none.")
    place: tuple[str, ...] = Field(description="From province down to what is printed.")
    date: str | None = Field(description="ISO 8601 day, month or year, where the text gives one.")
    source: str = Field(description="File, or `file#id` of a record.")
    spans: tuple[WireSpan, ...] = Field(description="Where the passage stands in the source.")
    text: str = Field(description="The characters at `spans` without line breaks.")
    score: float = Field(description="In [0, 1], higher is better; for ordering within one reply only.")
    ranks: RanksOut

    @classmethod
    def from_hit(cls, hit: Hit) -> Self:
        article, chunk = hit.article, hit.chunk
        return cls(
            rank=hit.rank,
            article_id=article.article_id,
            chunk_id=chunk.chunk_id,
            title=article.title,
            byline=article.byline,
            place=article.place,
            date=article.date,
            source=article.source,
            spans=chunk.spans,
            text=chunk.text,
            score=hit.score,
            ranks=RanksOut.model_validate(hit.ranks),
        )


class CitationOut(ReplyModel):
    """The very characters that a mark `[n]` of the answer points at."""

    n: int = Field(description="The mark's number.")
    article_id: str
    chunk_id: str
    title: str = Field(description="Headline of the article; empty where it has none.")
    byline: str = Field(description="As printed; empty where there is none.")
    date: str | None = Field(description="ISO 8601 day, month or year, where the text gives one.")
    source: str = Field(description="File, or `file#id` of a record.")
    spans: tuple[WireSpan, ...] = Field(description="Where the quote stands in the source.")
    quote: str = Field(description="The characters at `spans` without line breaks.")

    @classmethod
    def from_citation(cls, citation: Citation) -> Self:
        return cls.model_validate(citation)


class SearchResponse(ReplyModel):
    """What a search found."""

    query: str = Field(description="What was looked for.")
    mode: Mode
    generation: str = Field(description="The generation of the index that was searched.")
    took_ms: float = Field(description="Milliseconds that the search took.")
    hits: tuple[HitOut, ...] = Field(description="Best first.")

    @classmethod
    def from_result(cls, result: SearchResult) -> Self:
        return cls(
            query=result.query,
            mode=result.mode,
            generation=result.generation,
            took_ms=result.took_ms,
            hits=tuple(HitOut.from_hit(hit) for hit in result.hits),
        )


class AskResponse(ReplyModel):
    """A reply to a question: cited, or an honest refusal."""

    answered: bool = Field(description="False when nothing in the corpus supports an answer.")
    answer: str = Field(description="With marks `[n]` that match `citations[].n` both ways.")
    citations: tuple[CitationOut, ...] = Field(description="Empty when `answered` is false.")
    hits: tuple[HitOut, ...] = Field(description="What was found, best first; what came nearest where not answered.")
    standalone_question: str = Field(description="The question with what the history adds: what was looked up.")
    answerer: Literal["extractive", "llm"] = Field(description="Who wrote the answer.")
    generation: str = Field(description="The generation of the index that was searched.")
    took_ms: float = Field(description="Milliseconds from question to answer.")
    warnings: tuple[str, ...] = Field(description="What went less well than it should have, in words.")

    @classmethod
    def from_answer(cls, answer: Answer) -> Self:
        return cls(
            answered=answer.answered,
            answer=answer.answer,
            citations=tuple(CitationOut.from_citation(citation) for citation in answer.citations),
            hits=tuple(HitOut.from_hit(hit) for hit in answer.hits),
            standalone_question=answer.standalone_question,
            answerer=answer.answerer,
            generation=answer.generation,
            took_ms=answer.took_ms,
            warnings=answer.warnings,
        )


# ------------------------------------------------------------------------------------------------------------ articles


class BlockOut(ReplyModel):
    """A paragraph, headline or the like. The blocks of an article cover its text, in order."""

    role: str = Field(description="kicker, title, byline, subhead, body, box or banner.")
    start: int = Field(description="Offset into the article's `text`.")
    end: int = Field(description="Offset into the article's `text`, exclusive.")


class ArticleOut(ReplyModel):
    """An article of the listing."""

    article_id: str
    title: str = Field(description="Headline; empty where there is none.")
    kicker: str = Field(description="The lines that add to the headline.")
    byline: str = Field(description="As printed; empty where there is none.")
    place: tuple[str, ...] = Field(description="From province down to what is printed.")
    date: str | None = Field(description="ISO 8601 day, month or year, where the text gives one.")
    kind: str = Field(description="news, feature, brief, caption, banner or record.")
    source: str = Field(description="File, or `file#id` of a record.")
    spans: tuple[WireSpan, ...] = Field(description="Where the article stands in the source, in reading order.")
    chars: int = Field(description="Length of its text.")

    @classmethod
    def from_article(cls, article: Article) -> Self:
        return cls.model_validate(article)


class ArticleDetail(ArticleOut):
    """An article with its text, and what a client needs to lay it out and to mark citations in it."""

    url: str | None = Field(description="Where a record says it is from.")
    text: str = Field(description="The characters at `spans` without line breaks.")
    runs: tuple[WireSpan, ...] = Field(description="Source offsets: `text` is the concatenation of these pieces.")
    blocks: tuple[BlockOut, ...] = Field(description="What each part of `text` is on the page.")


class ArticlesResponse(ReplyModel):
    """One page of the listing."""

    items: tuple[ArticleOut, ...]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")

    @classmethod
    def from_list(cls, listing: ArticleList) -> Self:
        return cls.model_validate(listing)


# ------------------------------------------------------------------------------------------------- problems and index


class FieldError(ReplyModel):
    """What is wrong with one field of a request."""

    field: str = Field(description="Path of the field, such as `filters.date_from`.", examples=["top_k"])
    message: str = Field(examples=["Input should be less than or equal to 100"])


class Problem(ReplyModel):
    """An error, after RFC 9457."""

    type: str = Field(description="A stable name of the kind of problem, as a URI.")
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong here, and where.")
    hint: str | None = Field(default=None, description="What to do next.")
    errors: tuple[FieldError, ...] | None = Field(default=None, description="The fields that are wrong, if any.")


class CountsOut(ReplyModel):
    """Sizes of an index."""

    sources: int = Field(default=0, description="Files that gave at least one article.")
    articles: int = 0
    chunks: int = 0
    characters: int = 0


class SkippedOut(ReplyModel):
    """Something of the corpus that was left out."""

    where: str = Field(description="`path`, or `path:line`.")
    reason: str


class ReportOut(ReplyModel):
    """What an index run did."""

    generation: str
    changed: bool = Field(description="False when the corpus had not changed and no generation was made.")
    counts: CountsOut
    embedded: int = Field(description="Passages that had to be embedded.")
    kept: int = Field(description="Passages whose vectors were kept.")
    removed: int = Field(description="Passages of the generation before that are gone.")
    skipped: tuple[SkippedOut, ...]
    seconds: float

    @classmethod
    def from_report(cls, report: IndexReport) -> Self:
        return cls.model_validate(report)


class JobOut(ReplyModel):
    """A refresh of the index."""

    job_id: str
    state: Literal["running", "succeeded", "failed"]
    started: str = Field(description="ISO 8601, UTC.")
    finished: str | None = Field(default=None, description="ISO 8601, UTC; null while it runs.")
    stage: str = Field(default="", description="What it is doing, or did last.")
    done: int = Field(default=0, description="Units of this stage that are done.")
    total: int = Field(default=0, description="Units of this stage; 0 where not known yet.")
    seconds_left: float | None = Field(default=None, description="Of this stage, estimated.")
    report: ReportOut | None = Field(default=None, description="What it did, once it has succeeded.")
    problem: Problem | None = Field(default=None, description="Why it failed.")


class IndexOut(ReplyModel):
    """The loaded generation and the running refresh."""

    generation: str | None = Field(description="The loaded generation; null where none is loaded.")
    created: str | None = Field(default=None, description="ISO 8601, UTC.")
    counts: CountsOut = Field(default_factory=CountsOut)
    model: str | None = Field(default=None, description="Name of the embedding model.")
    model_fingerprint: str | None = Field(default=None, description="Digest of the model's files and settings.")
    corpus: str = Field(description="Where the corpus is read from.")
    is_sample: bool = Field(description="True while the built-in sample is the corpus.")
    skipped: tuple[SkippedOut, ...] = Field(default=(), description="What of the corpus was left out, and why.")
    job: JobOut | None = Field(default=None, description="The running refresh; null when none runs.")
    last_job: JobOut | None = Field(default=None, description="The refresh that ended last in this process.")
    problem: Problem | None = Field(default=None, description="Why no generation is loaded, or not a newer one.")


class HealthOut(ReplyModel):
    """The process answers, or an index is loaded."""

    status: Literal["ok"] = "ok"


class ReadyOut(HealthOut):
    """An index is loaded."""

    generation: str = Field(description="The loaded generation.")


# -------------------------------------------------------------------------------------- events of a streamed answer


class HitsEvent(ReplyModel):
    """`event: hits`: what was found, before the answer."""

    hits: tuple[HitOut, ...]


class DeltaEvent(ReplyModel):
    """`event: delta`: the next piece of the answer. `event: citation` is a `CitationOut`, `event: done` an
    `AskResponse`, `event: error` a `Problem`."""

    text: str
