"""Problems, the index and its refresh, and whether the server is well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from server.schemas.base import ReplyModel

if TYPE_CHECKING:
    from rag.types import IndexPlan, IndexReport


class FieldError(ReplyModel):
    """What is wrong with one field of a request."""

    field: str = Field(description="Path of the field, such as `filters.date_from`.", examples=["top_k"])
    message: str = Field(description="What is wrong with it.", examples=["Input should be less than or equal to 100"])


class Problem(ReplyModel):
    """An error, after RFC 9457."""

    type: str = Field(description="A stable name of the kind of problem, as a URI.")
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong here, and where.")
    hint: str | None = Field(default=None, description="What to do next.")
    errors: tuple[FieldError, ...] | None = Field(default=None, description="The fields that are wrong, if any.")
    request_id: str | None = Field(
        default=None, description="Id of the request, as in the header `X-Request-ID` and in the server's log."
    )


class CountsOut(ReplyModel):
    """Sizes of an index."""

    sources: int = Field(default=0, description="Files that gave at least one article.")
    articles: int = Field(default=0, description="Articles, banners among them.")
    chunks: int = Field(default=0, description="Passages, which are what is searched.")
    characters: int = Field(default=0, description="Of all articles together.")


class SkippedOut(ReplyModel):
    """Something of the corpus that was left out."""

    where: str = Field(description="`path`, or `path:line`.")
    reason: str = Field(description="Why, in words.")


class ReportOut(ReplyModel):
    """What an index run did."""

    generation: str = Field(description="The generation that is live now.")
    changed: bool = Field(description="False when the corpus had not changed and no generation was made.")
    counts: CountsOut = Field(description="What the index holds.")
    embedded: int = Field(description="Passages that had to be embedded.")
    kept: int = Field(description="Passages whose vectors were kept.")
    removed: int = Field(description="Passages of the generation before that are gone.")
    skipped: tuple[SkippedOut, ...] = Field(description="What of the corpus was left out, and why.")
    seconds: float = Field(description="How long it took.")
    tokenized: int = Field(default=0, description="Passages that had to be cut into words.")

    @classmethod
    def from_report(cls, report: IndexReport) -> Self:
        return cls.model_validate(report)


class ArticleChangeOut(ReplyModel):
    """What an index run would do to one article."""

    kind: Literal["added", "changed", "moved", "removed"] = Field(description="What would happen to it.")
    article_id: str = Field(description="The article.")
    title: str = Field(description="Its headline; empty where it has none.")
    source: str = Field(description="File, or `file#id` of a record.")
    was: str = Field(default="", description="Where a moved article stood before.")


class PlanOut(ReplyModel):
    """What an index run would do, without doing it."""

    changed: bool = Field(description="False when there is nothing to do.")
    articles: tuple[ArticleChangeOut, ...] = Field(description="In corpus order, what goes last.")
    counts: CountsOut = Field(description="What the index would hold.")
    embedded: int = Field(description="Passages that would have to be embedded.")
    kept: int = Field(description="Passages whose vectors would be kept.")
    removed: int = Field(description="Passages of the live generation that would be gone.")
    tokenized: int = Field(description="Passages that would have to be cut into words.")
    skipped: tuple[SkippedOut, ...] = Field(description="What of the corpus was left out, and why.")
    seconds: float = Field(description="How long it took.")

    @classmethod
    def from_plan(cls, plan: IndexPlan) -> Self:
        return cls.model_validate(plan)


class JobOut(ReplyModel):
    """A refresh of the index."""

    job_id: str = Field(description="Its name.")
    state: Literal["running", "succeeded", "failed"] = Field(description="How it stands.")
    started: str = Field(description="ISO 8601, UTC.")
    finished: str | None = Field(default=None, description="ISO 8601, UTC; null while it runs.")
    stage: str = Field(default="", description="What it is doing, or did last.")
    done: int = Field(default=0, description="Units of this stage that are done.")
    total: int = Field(default=0, description="Units of this stage; 0 where not known yet.")
    rate: float = Field(default=0.0, description="Units a second; 0 where not known.")
    seconds_left: float | None = Field(default=None, description="Of this stage, estimated.")
    report: ReportOut | None = Field(default=None, description="What it did, once it has succeeded.")
    problem: Problem | None = Field(default=None, description="Why it failed.")


class ChangesOut(ReplyModel):
    """How many articles set a generation apart from an earlier one."""

    since: str = Field(description="The earlier generation.")
    added: int = Field(description="Articles that are new.")
    changed: int = Field(description="Articles whose text, or what is told of them, is another.")
    moved: int = Field(description="Articles of the same headline and text that stand elsewhere in the corpus.")
    removed: int = Field(description="Articles that are gone.")


class IndexOut(ReplyModel):
    """The loaded generation and the running refresh."""

    generation: str | None = Field(description="The loaded generation; null where none is loaded.")
    created: str | None = Field(default=None, description="ISO 8601, UTC.")
    counts: CountsOut = Field(default_factory=CountsOut, description="What the loaded generation holds.")
    model: str | None = Field(default=None, description="Name of the embedding model.")
    model_fingerprint: str | None = Field(default=None, description="Digest of the model's files and settings.")
    corpus: str = Field(
        description="The folder or file that the corpus is read from: its name over HTTP, its path on the command line."
    )
    is_sample: bool = Field(description="True while the built-in sample is the corpus.")
    watched: bool = Field(
        default=False, description="True while changes of the corpus refresh the index by themselves."
    )
    skipped: tuple[SkippedOut, ...] = Field(default=(), description="What of the corpus was left out, and why.")
    changes: ChangesOut | None = Field(
        default=None,
        description="What sets its articles apart from those of the generation that this server had loaded before; "
        "null where there was none, or it is gone.",
    )
    job: JobOut | None = Field(default=None, description="The running refresh; null when none runs.")
    last_job: JobOut | None = Field(default=None, description="The refresh that ended last.")
    problem: Problem | None = Field(default=None, description="Why no generation is loaded, or not a newer one.")


class HealthOut(ReplyModel):
    """The process answers, or an index is loaded."""

    status: Literal["ok"] = Field(default="ok", description="Always `ok`; what is not well is told as a problem.")


class ReadyOut(HealthOut):
    """An index is loaded."""

    generation: str = Field(description="The loaded generation.")
