"""The answer to a question about many articles (哪些城市…？哪几篇…？): one cited line an entity.

Candidates come from both legs of the whole index, not from the first few hits. An article belongs when the sentence of it
that decides holds nearly as much of what the question says as the best of all: its rare words first, its meaning beside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.answering.finding.clauses import best_window
from rag.answering.finding.evidence import Evidence, EvidenceFinder, Query, content_words
from rag.answering.finding.passages import trimmed, window_gain
from rag.answering.reading.question import Level, Question
from rag.answering.wording.composing import Draft, Quote
from rag.answering.wording.deciding import deciding
from rag.answering.wording.leads import byline_quote, headline_quote, lead, lead_quote
from rag.answering.wording.predicate import author_asked, day_asked, said_of_members
from rag.corpus import places
from rag.index.text.terms import fold
from rag.types import Article

LINE = 64
"""Characters of the quotation on a line."""
ROOM = 480
"""Characters of all quotations together that lines may grow into where there are few."""
LONGEST = 110
"""Characters of a quotation at most, however few the lines are."""
BELONGS = 0.6
"""Share of the best score that an article needs to belong."""
MOST = 30
"""Lines at most; what is left out is counted in the closing line."""


@dataclass(frozen=True, slots=True)
class Member:
    """An article that belongs to the answer, with the sentence that says so."""

    article: Article
    evidence: Evidence


class Aggregator:
    """Finds the members and lays them out."""

    def __init__(self, finder: EvidenceFinder) -> None:
        self._finder = finder

    def members(self, query: Query, candidates: Sequence[tuple[Article, float]]) -> list[Member]:
        """The articles that belong, best first.

        Args:
            candidates: articles with their retrieval scores in [0, 1].
        """
        question = query.question
        articles = [pair for pair in candidates if self.admits(question, pair[0])]
        articles = [pair for pair in articles if _prints(pair[0], question.quoted)] or articles
        if not has_predicate(question):
            wanted = [mention.path for mention in places.find(question.text)]
            return [Member(article, lead(article, day_asked(question), wanted)) for article, _ in articles]
        members = [Member(evidence.sentence.article, evidence) for evidence in deciding(self._finder, query, articles)]
        kept = [member for member in members if member.evidence.score >= BELONGS * members[0].evidence.score]
        return kept[: question.wanted] if question.wanted else kept

    def admits(self, question: Question, article: Article) -> bool:
        """Whether the article's byline, place and days are those that the question names."""
        author, day = author_asked(question), day_asked(question)
        if author and author not in article.byline + article.text[:400]:
            return False
        if day and day not in article.text:
            return False
        mentions = places.find(question.text)
        return not mentions or any(place_fits(mention.path, article) for mention in mentions)

    def draft(self, query: Query, members: Sequence[Member], looked_through: int) -> Draft:
        """One line an entity, then how many articles were looked through."""
        question = query.question
        level, weighed = question.level or Level.REPORT, has_predicate(question)
        lines: dict[str, Member] = {}
        for member in members:
            name = entity_name(level, member.article)
            if not name and weighed:
                name = _place_told(level, member.evidence)
            if name in lines and level is Level.PLACE and member.article.title:
                name = f"{name}《{member.article.title}》"
            if name:
                lines.setdefault(name, member)
        parts: list[str | Quote] = []
        shown = list(lines.items())[:MOST]
        room = min(max(LINE, ROOM // max(len(shown), 1)), LONGEST)
        if re.search(r"多少|几[个家篇]", question.text):
            parts.append(f"共{len(lines)}{_counter(level)}：\n")
        for name, member in shown:
            parts += [*_line(query, level, name, member, room), "\n"]
        rest = f"，另有{len(lines) - len(shown)}项未列出" if len(lines) > len(shown) else ""
        parts.append(f"（共查看{looked_through}篇文章{rest}）")
        return Draft(tuple(parts))


def has_predicate(question: Question) -> bool:
    """False when a question asks for all articles of a place, an author or a day and nothing else."""
    return bool(content_words(said_of_members(question)))


def place_fits(path: Sequence[str], article: Article) -> bool:
    """Whether a place named in a question is where the article plays, or is named in it."""
    if not path:
        return True
    if article.place and places.matches(article.place, path[-1]):
        return True
    return path[-1] in article.text or (len(short := short_name(path[-1])) > 1 and short in article.text)


def short_name(name: str) -> str:
    """江苏省 → 江苏; names of two characters stay."""
    bare = re.sub(r"(?:维吾尔|壮族|回族)?自治区$|特别行政区$|[省市县区旗州盟]$|地区$", "", name)
    return bare if len(bare) >= 2 else name


def entity_name(level: Level, article: Article) -> str:
    """What a line is headed with; empty when the article has no place of that level."""
    path = article.place
    title = f"《{article.title}》" if article.title else ""
    if level is Level.PROVINCE:
        return path[0] if path else ""
    if level is Level.CITY:
        if len(path) > 1 and places.level(path[:2]) == "city":
            return "".join(path[:2])
        return path[0] if path and path[0].endswith("市") else ""
    if level is Level.COUNTY:
        return "".join(path[:3]) if len(path) > 2 else ""
    if level is Level.PLACE:
        return "".join(path[:3]) if path else title
    where = f"（{''.join(path[:3])}）" if path else ""
    return f"{title or article.source}{where}"


def _prints(article: Article, names: Sequence[str]) -> bool:
    """Whether an article prints every name that a question quotes."""
    folded = fold(article.text) if names else ""
    return all(fold(name) in folded for name in names)


def _place_told(level: Level, evidence: Evidence) -> str:
    """The place of that level which the article names last before the sentence ends; empty when there is none."""
    article = evidence.sentence.article
    for mention in reversed(places.find(article.text[: evidence.sentence.end])):
        if name := entity_name(level, replace(article, place=mention.path)):
            return name
    return ""


def _counter(level: Level) -> str:
    return "篇" if level is Level.REPORT else "家" if level is Level.ORGANISATION else "个"


def _line(query: Query, level: Level, name: str, member: Member, room: int) -> list[str | Quote]:
    """A line without its end: the entity, and the quotation that makes it one of those asked for."""
    question, article = query.question, member.article
    if has_predicate(question):
        return [f"- {name}：", _line_quote(query, member, room)]
    told = lead_quote(member.evidence.sentence, room, day_asked(question))
    author = author_asked(question)
    proof = byline_quote(article, author) if author else None
    headline = headline_quote(article) if level is Level.REPORT else None
    opening: list[str | Quote] = [f"- {name}："]
    if headline is not None:
        opening = ["- ", headline, f"（{''.join(article.place[:3])}）：" if article.place else "："]
    if proof is not None:
        opening += [proof, " "]
    return [*opening, told]


def _line_quote(query: Query, member: Member, room: int) -> Quote:
    sentence = member.evidence.sentence
    start, end = best_window(sentence.text, room, lambda text: window_gain(query, query.question, text))
    return trimmed(Quote(sentence.article, sentence.start + start, sentence.start + end))
