"""The answer to a question about many articles (哪些城市…？哪几篇…？): one cited line an entity.

Candidates come from both legs of the whole index, not from the first few hits. An article belongs when its best sentence
fits nearly as well as the best of all, and when it holds one of the question's rare words if any article does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.finding.clauses import best_window
from rag.answering.finding.evidence import Evidence, EvidenceFinder, Query, content_words, sentences_of
from rag.answering.finding.passages import trimmed, window_gain
from rag.answering.reading.question import Level, Question
from rag.answering.wording.composing import Draft, Quote
from rag.corpus import places
from rag.types import Article, BlockRole

LINE = 64
"""Characters of the quotation on a line."""
BELONGS = 0.62
"""Share of the best score that an article needs to belong."""
MOST = 30
"""Lines at most; what is left out is counted in the closing line."""

_LEVEL_WORDS = re.compile(
    r"按省份?看|(?:有|都有)?(?:哪些|哪几|哪[一二两三四五六七八九十\d]+|多少|几)个?(?:篇|家|条)?(?:城市|地方|地区|省市|省份?(?:\(自治区\))?|自治区|市|县|区|企业|公司|单位|报道|文章|工会)?(?:或(?:企业|城市|地区))?|"
    r"(?:两|几|[二三四五六七八九\d])篇|报道过?|文章|(?:里面?|中)?(?:提到|出现|涉及|写|讲|说|介绍)了?|分别|关于|什么|哪里|参与了?|单独|被|做法|工会工作|工会|的"
)


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
        if not has_predicate(question):
            return [Member(article, self._lead(article)) for article, _ in articles]
        best: dict[str, Evidence] = {}
        for evidence in self._finder.find(query, articles, reranked=48):
            best.setdefault(evidence.sentence.article.article_id, evidence)
        members = sorted(
            (Member(evidence.sentence.article, evidence) for evidence in best.values()), key=lambda m: -m.evidence.score
        )
        if not members:
            return []
        limit = BELONGS * members[0].evidence.score
        kept = [member for member in members if member.evidence.score >= limit]
        return kept[: question.wanted] if question.wanted else kept

    def admits(self, question: Question, article: Article) -> bool:
        """Whether the article's byline and place are those that the question names."""
        author = re.search(
            r"(?:记者|通讯员|作者)(?:是|为)?([\u4e00-\u9fff]{2,3}?)(?=参与|写|报道|采写|的|和|、|拍|都|一共|分别|[?？]|$)",
            question.text,
        )
        if author and author.group(1) not in article.byline + article.text[:400]:
            return False
        mentions = places.find(question.text)
        return not mentions or any(place_fits(mention.path, article) for mention in mentions)

    def _lead(self, article: Article) -> Evidence:
        """The sentence of the body that says most of what the headline says."""
        wanted = set(content_words(f"{article.title} {article.kicker}"))
        body = [s for s in sentences_of(article) if s.role is BlockRole.BODY] or sentences_of(article)
        sentence = max(body, key=lambda s: (len(wanted & set(content_words(s.text))), -s.start))
        return Evidence(sentence, 1.0, 1.0, 0.0, 1.0, 1.0, (), False, ())

    def draft(self, query: Query, members: Sequence[Member], looked_through: int) -> Draft:
        """One line an entity, then how many articles were looked through."""
        level = query.question.level or Level.REPORT
        lines: dict[str, Member] = {}
        for member in members:
            name = entity_name(level, member.article)
            if name in lines and level is Level.PLACE and member.article.title:
                name = f"{name}《{member.article.title}》"
            if name:
                lines.setdefault(name, member)
        parts: list[str | Quote] = []
        shown = list(lines.items())[:MOST]
        if re.search(r"多少|几[个家篇]", query.question.text):
            parts.append(f"共{len(lines)}{_counter(level)}：\n")
        for name, member in shown:
            parts += [f"- {name}：", _line_quote(query, member), "\n"]
        rest = f"，另有{len(lines) - len(shown)}项未列出" if len(lines) > len(shown) else ""
        parts.append(f"（共查看{looked_through}篇文章{rest}）")
        return Draft(tuple(parts))


def has_predicate(question: Question) -> bool:
    """False when a question asks for all articles of a place or an author and nothing else."""
    text = question.text
    for mention in reversed(places.find(text)):
        text = text[: mention.start] + text[mention.end :]
    text = re.sub(r"(?:记者|通讯员|作者)(?:是|为)?[\u4e00-\u9fff]{2,3}?(?=参与|写|报道|采写|的|[?？]|$)", "", text)
    return bool(content_words(_LEVEL_WORDS.sub(" ", text)))


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


def _counter(level: Level) -> str:
    return "篇" if level is Level.REPORT else "家" if level is Level.ORGANISATION else "个"


def _line_quote(query: Query, member: Member) -> Quote:
    sentence = member.evidence.sentence
    start, end = best_window(sentence.text, LINE, lambda text: window_gain(query, query.question, text))
    return trimmed(Quote(sentence.article, sentence.start + start, sentence.start + end))
