"""Wire models: what goes over HTTP, field by field, and the only part of the server that its clients import.

Requests refuse unknown fields and are bounded; replies ignore fields that a newer server adds. Offsets are Unicode code
points: `spans` point into the source, `blocks` into `text`. Conversion goes one way, from a domain type to its wire
model, by the `from_…` class methods here; domain types are named for the type checker only.
"""

from server.schemas.base import Mode, ReplyModel, RequestModel, WireSpan
from server.schemas.corpus import CorpusFileOut, CorpusQuery
from server.schemas.explanations import AnswerExplanationOut, ArticleStandingOut, SearchExplanationOut
from server.schemas.index import (
    ArticleChangeOut,
    CountsOut,
    FieldError,
    HealthOut,
    IndexOut,
    JobOut,
    PlanOut,
    Problem,
    ReadyOut,
    ReportOut,
    SkippedOut,
)
from server.schemas.replies import (
    ArticleDetail,
    ArticleOut,
    ArticlesResponse,
    AskResponse,
    BlockOut,
    CitationOut,
    CopyOut,
    DeltaEvent,
    HitOut,
    HitsEvent,
    RanksOut,
    SearchResponse,
)
from server.schemas.requests import (
    MAX_FILTER_VALUES,
    MAX_HISTORY,
    MAX_QUESTION,
    MAX_TURN,
    AnswererChoice,
    ArticlesQuery,
    AskRequest,
    FiltersIn,
    IndexRequest,
    SearchRequest,
    TurnIn,
)

__all__ = [
    "MAX_FILTER_VALUES",
    "MAX_HISTORY",
    "MAX_QUESTION",
    "MAX_TURN",
    "AnswerExplanationOut",
    "AnswererChoice",
    "ArticleChangeOut",
    "ArticleDetail",
    "ArticleOut",
    "ArticleStandingOut",
    "ArticlesQuery",
    "ArticlesResponse",
    "AskRequest",
    "AskResponse",
    "BlockOut",
    "CitationOut",
    "CopyOut",
    "CorpusFileOut",
    "CorpusQuery",
    "CountsOut",
    "DeltaEvent",
    "FieldError",
    "FiltersIn",
    "HealthOut",
    "HitOut",
    "HitsEvent",
    "IndexOut",
    "IndexRequest",
    "JobOut",
    "Mode",
    "PlanOut",
    "Problem",
    "RanksOut",
    "ReadyOut",
    "ReplyModel",
    "ReportOut",
    "RequestModel",
    "SearchExplanationOut",
    "SearchRequest",
    "SearchResponse",
    "SkippedOut",
    "TurnIn",
    "WireSpan",
]
