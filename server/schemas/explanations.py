"""Why a reply is what it is, sent when a request says `explain: true`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from server.schemas.base import ReplyModel, WireSpan

if TYPE_CHECKING:
    from rag.explanations import AnswerExplanation, ArticleStanding, SearchExplanation


class TermOut(ReplyModel):
    """A word of the question as the keyword leg weighs it."""

    word: str = Field(description="Folded: half width, simplified characters.")
    passages: int = Field(description="Passages of the index that hold it; 0 for a word that the corpus lacks.")
    weight: float = Field(description="Inverse document frequency: the rarer, the more.")


class LegScoreOut(ReplyModel):
    """What one leg says of a passage."""

    rank: int | None = Field(description="Among what the leg put forward, from 1; null where it did not.")
    score: float | None = Field(description="Cosine or BM25; null where the leg was not asked.")
    share: float = Field(description="What it adds to the fused score.")


class HitExplanationOut(ReplyModel):
    """Why a hit stands where it stands: `score` is `dense.share + lexical.share + dates`."""

    rank: int = Field(description="That of the hit.")
    article_id: str = Field(description="The article that it is from.")
    chunk_id: str = Field(description="The passage.")
    score: float = Field(description="Fused, as in the hit.")
    dense: LegScoreOut = Field(description="By meaning; its score is a cosine.")
    lexical: LegScoreOut = Field(description="By words; its score is a BM25.")
    dates: float = Field(
        description="What dates in the question change; below 0 where other passages gained by theirs."
    )
    held: tuple[str, ...] = Field(description="Words of the question that the passage or its headline holds.")
    lacking: tuple[str, ...] = Field(description="Words of the question that they lack.")


class SearchExplanationOut(ReplyModel):
    """How a search came to its hits."""

    terms: tuple[TermOut, ...] = Field(description="The words that were looked for.")
    dense_weight: float = Field(description="Share of the dense leg in the fused score; the rest is the keyword leg's.")
    passages: int = Field(description="Passages of the index.")
    searched: int = Field(description="Passages that the filters let through.")
    candidates: int = Field(description="Passages that the legs put forward; the hits are the first of them.")
    hits: tuple[HitExplanationOut, ...] = Field(description="One a hit, in order.")

    @classmethod
    def from_explanation(cls, explanation: SearchExplanation) -> Self:
        return cls.model_validate(explanation)


class QuestionExplanationOut(ReplyModel):
    """What the question was taken to ask."""

    text: str = Field(description="As it was read: completed from the conversation, slips mended, folded.")
    form: str = Field(description="passage, aggregate, comparison or yes-no.")
    expected: str = Field(description="The kind of thing an answer must hold: person, number, place … or any.")
    unit: str = Field(description="What is counted; empty when nothing is.")
    level: str | None = Field(description="Of an aggregate: province, city, county, place, organisation or report.")
    wanted: int | None = Field(description="How many items the question says there are.")
    focus: tuple[str, ...] = Field(description="The nouns that the answer is one of.")
    quoted: tuple[str, ...] = Field(description="Names in quotation marks.")
    english: bool = Field(description="Whether it was asked in English.")


class SignalOut(ReplyModel):
    """One signal of the confidence; it adds `value` times `weight`."""

    name: str = Field(description="A stable name.")
    meaning: str = Field(description="In words.")
    value: float = Field(description="In [0, 1].")
    weight: float = Field(description="Below 0 for what speaks against an answer.")


class SentenceOut(ReplyModel):
    """A sentence that was weighed."""

    article_id: str = Field(description="The article that it is from.")
    title: str = Field(description="Headline of the article; empty where it has none.")
    source: str = Field(description="File, or `file#id` of a record.")
    spans: tuple[WireSpan, ...] = Field(description="Where it stands in the source.")
    text: str = Field(description="The characters at `spans` without line breaks.")
    score: float = Field(description="For ordering among the sentences of one question only.")


class MissingOut(ReplyModel):
    """What the question names and the best evidence lacks."""

    corpus: tuple[str, ...] = Field(description="Words that stand nowhere in the corpus.")
    evidence: tuple[str, ...] = Field(description="Words that the best sentence and what is around it lack.")
    places: tuple[str, ...] = Field(description="Places that its article neither plays in nor mentions.")
    names: tuple[str, ...] = Field(description="Names in quotation marks that its article lacks.")
    dates: tuple[str, ...] = Field(description="Dates that its article lacks.")
    asked_for: tuple[str, ...] = Field(description="The noun that is asked for one of, where its article lacks it.")


class AnswerExplanationOut(ReplyModel):
    """Why the question was answered, or refused."""

    accepted: bool = Field(description="Whether it was answered.")
    reason: str = Field(description="One sentence.")
    rule: str = Field(description="By what it was decided: passage, yes-no, comparison, all-articles or listing.")
    standalone_question: str = Field(description="The question with what the history adds: what was looked up.")
    question: QuestionExplanationOut = Field(description="What it was taken to ask.")
    confidence: float | None = Field(description="That the best sentence answers; null where nothing was weighed.")
    threshold: float = Field(description="Confidence from which evidence is shown as an answer.")
    intercept: float = Field(description="The confidence is the logistic function of this and the weighted signals.")
    signals: tuple[SignalOut, ...] = Field(description="What the confidence was reckoned from.")
    against: tuple[str, ...] = Field(description="What speaks against it, in words.")
    missing: MissingOut = Field(description="What it names and the best evidence lacks.")
    sentence: SentenceOut | None = Field(description="The best one; null where nothing was found to read.")
    articles_read: int = Field(description="Articles whose sentences were read.")
    search: SearchExplanationOut = Field(description="How the hits were found.")

    @classmethod
    def from_explanation(cls, explanation: AnswerExplanation) -> Self:
        return cls.model_validate(explanation)


class LegStandingOut(ReplyModel):
    """Where a passage stands in one leg, among all that the filters let through."""

    rank: int | None = Field(description="From 1; null where the leg has no score for it, or a filter leaves it out.")
    score: float = Field(description="Cosine or BM25.")
    put_forward: bool = Field(description="Whether that was far enough up to be fused.")


class PassageStandingOut(ReplyModel):
    """Where one passage of an article stands."""

    chunk_id: str = Field(description="The passage.")
    spans: tuple[WireSpan, ...] = Field(description="Where it stands in the source.")
    text: str = Field(description="The characters at `spans` without line breaks.")
    dense: LegStandingOut = Field(description="By meaning.")
    lexical: LegStandingOut = Field(description="By words.")
    rank: int | None = Field(description="After fusion; null where neither leg put it forward.")
    score: float | None = Field(description="Fused; null where neither leg put it forward.")
    held: tuple[str, ...] = Field(description="Words of the question that the passage or its headline holds.")
    lacking: tuple[str, ...] = Field(description="Words of the question that they lack.")


class ArticleStandingOut(ReplyModel):
    """Why an article is, or is not, in the answer to a question."""

    article_id: str = Field(description="The article that it is from.")
    title: str = Field(description="Headline of the article; empty where it has none.")
    source: str = Field(description="File, or `file#id` of a record.")
    question: str = Field(description="As asked.")
    standalone_question: str = Field(description="The question with what the history adds: what was looked up.")
    verdict: str = Field(
        description="cited, filtered, not-found, folded, not-read, other-place, refused, not-a-member or outscored."
    )
    reason: str = Field(description="The verdict in one or two sentences.")
    filtered_by: tuple[str, ...] = Field(description="The filters that leave the article out.")
    folded_behind: str | None = Field(description="The article that was read in its place, of which it is a copy.")
    passages: int = Field(description="Passages of the article.")
    searched: int = Field(description="Passages of the index that the filters let through.")
    best: PassageStandingOut | None = Field(description="Its passage that stands best.")
    article_rank: int | None = Field(description="Among the articles found; null where it was not found.")
    articles_read: int = Field(description="Articles whose sentences were read.")
    sentence: SentenceOut | None = Field(description="Its best sentence, as it was or would have been weighed.")
    confidence: float | None = Field(description="That this sentence answers.")
    threshold: float = Field(description="Confidence from which evidence is shown as an answer.")
    chosen: SentenceOut | None = Field(description="The sentence that was best of all.")

    @classmethod
    def from_standing(cls, standing: ArticleStanding) -> Self:
        return cls.model_validate(standing)
