"""Files of the corpus, put and deleted."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from server.schemas.base import ReplyModel
from server.schemas.index import JobOut

RefreshState = Literal["none", "needed", "watched", "running", "started"]


class CorpusQuery(BaseModel):
    """Query parameters of a change to the corpus."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    refresh: bool = Field(default=False, description="Start a refresh of the index once the file is in its place.")


class CorpusFileOut(ReplyModel):
    """A file of the corpus that has been put."""

    source: str = Field(description="Its path in the corpus, the `source` of its articles.", examples=["2024/p1.txt"])
    outcome: Literal["created", "replaced", "unchanged"] = Field(
        description="Unchanged: the very same file was there already."
    )
    bytes: int = Field(description="Its size.")
    sha256: str = Field(description="Its digest, which is its `ETag` as well.")
    refresh: RefreshState = Field(
        description="How the index comes to know: `none` is needed, one is `needed` (POST /v1/index), the server "
        "watches the corpus and will refresh by itself (`watched`), one was `started`, or one is `running` that may "
        "have begun before this file: start another once it has ended."
    )
    job: JobOut | None = Field(default=None, description="The refresh that was started or runs.")
