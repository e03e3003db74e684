"""Requests: bounded, and without a field that is not known."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from server.schemas.base import Mode, RequestModel, TakesWhole

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


AnswererChoice = Literal["auto", "extractive", "llm"]
# Not StringConstraints' own stripping: it knows fewer blanks than Python, which the library goes by.
Stripped = BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value)
# Empty is no error over HTTP: what a program passes on may be empty, and nothing matches nothing.
Question = Annotated[str, StringConstraints(max_length=MAX_QUESTION), Stripped]
FilterValue = Annotated[str, StringConstraints(min_length=1, max_length=1_000), Stripped]
FilterValues = Annotated[list[FilterValue], Field(max_length=MAX_FILTER_VALUES)]
IsoDay = Annotated[str, AfterValidator(_iso_day), Field(json_schema_extra={"format": "date"})]
# The bounds stand before what reads the number: behind it, they would not get into the JSON Schema.
TopK = Annotated[int, Field(ge=1, le=100, description="How many passages to return at most."), TakesWhole]

Explain = Annotated[bool, Field(description="Also say why: the reply then has an `explanation`.")]


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

    query: Question = Field(description="Words or a question; an empty one has no hits.", examples=["婚恋交友平台"])
    top_k: TopK = 10
    mode: Mode = Field(default="hybrid", description="By meaning (`dense`), by words (`lexical`) or both (`hybrid`).")
    filters: FiltersIn | None = Field(default=None, description="Restrictions on what is searched; null for none.")
    explain: Explain = False


class AskRequest(RequestModel):
    """A question, with the conversation that it belongs to."""

    question: Question = Field(
        description="The question; an empty one is refused with advice.", examples=["哪些城市搭建了婚恋交友平台？"]
    )
    history: Annotated[list[TurnIn], Field(max_length=MAX_HISTORY)] = Field(
        default=[], description="Earlier messages, oldest first; the question itself is not among them."
    )
    top_k: TopK = 10
    filters: FiltersIn | None = Field(default=None, description="Restrictions on what is searched; null for none.")
    stream: bool = Field(default=False, description="Reply as server-sent events.")
    answerer: AnswererChoice = Field(
        default="auto", description="`extractive` quotes the paper, `llm` has a language model phrase it."
    )
    explain: Explain = False


class ArticlesQuery(BaseModel):
    """Query parameters of the article listing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = Field(default=None, max_length=1_000, description="One source, or a folder ending in `/`.")
    place: str | None = Field(default=None, max_length=1_000, description="A place at any level.")
    q: str | None = Field(default=None, max_length=MAX_QUESTION, description="Words that title or text contain.")
    limit: int = Field(default=20, ge=1, le=100, description="Articles per page.")
    cursor: str | None = Field(default=None, max_length=4_000, description="`next_cursor` of the page before.")
    date_from: IsoDay | None = Field(default=None, description="First day, inclusive.")
    date_to: IsoDay | None = Field(default=None, description="Last day, inclusive.")


class SourcesQuery(BaseModel):
    """Query parameters of the tree of sources."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    under: str = Field(default="", max_length=1_000, description="A folder ending in `/`; empty for the top.")
    limit: int = Field(default=100, ge=1, le=100, description="Folders and files per page.")
    cursor: str | None = Field(default=None, max_length=4_000, description="`next_cursor` of the page before.")


class PlacesQuery(BaseModel):
    """Query parameters of the places."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: str | None = Field(default=None, max_length=1_000, description="Characters of the place's name.")
    under: str | None = Field(
        default=None,
        max_length=1_000,
        description="The place right above, its names from the province down joined by `/`; empty for the provinces.",
    )
    limit: int = Field(default=20, ge=1, le=100, description="How many at most.")


class IndexRequest(RequestModel):
    """Starts a refresh of the index. There is nothing to say yet: the body may be left out."""
