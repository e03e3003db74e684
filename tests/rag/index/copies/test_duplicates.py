"""Groups of copies: found whole, the same however the index came about, and at little cost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rag.errors import IndexDamaged
from rag.index.building.builder import build_index
from rag.index.copies import duplicates
from rag.index.copies.duplicates import BINS, GROUPS, group, open_groups, sketch
from rag.index.copies.likeness import profile, resemblance
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.settings import Settings
from tests.rag.index.fakes import WordEmbedder, write_records
from tests.rag.index.reports import REPORT, unlike

WHOLE = "".join(REPORT)
NUMBERED = (
    "云溪镇气象站第{0}期旬报：本旬平均气温{1}度，比去年同期高{2}度，降水{3}毫米，日照{4}小时。"
    "预计下旬以晴到多云为主，风力不大，有利于茶园采摘和稻田翻耕，请各村抓住时机安排农活，注意早晚温差。"
    "旬内没有出现灾害性天气，水库蓄水平稳，河道水位正常，山塘和渠道已经完成春季检修，灌溉有保证。"
    "下一期旬报将在十天之后发布，各村可以到镇农业服务站领取，也可以在村口的告示栏里查看，有疑问请拨打值班电话。"
)


class Bench:
    """A corpus of files of texts, and its index."""

    def __init__(self, folder: Path) -> None:
        self.corpus = folder / "corpus"
        self.settings = Settings(corpus=self.corpus, vectors=folder / "vectors")

    def write(self, name: str, texts: dict[str, str]) -> None:
        write_records(self.corpus / f"{name}.jsonl", [{"id": key, "text": text} for key, text in texts.items()])

    def build(self) -> Generation:
        build_index(self.settings, embedder=WordEmbedder())
        return Store(self.settings.vectors).current()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.write("a", {"a0": unlike(0), "a1": "".join(REPORT[:-1]), "a2": unlike(2)})
    made.write("b", {"b0": WHOLE, "b1": unlike(11), "b2": "又讯。" + "".join(REPORT[1:])})
    return made


def grouped(generation: Generation) -> set[frozenset[str]]:
    """The groups of more than one, by ids."""
    ids = [article.article_id for article in generation.articles()]
    members: dict[int, set[str]] = {}
    for article_id, speaker in zip(ids, generation.groups.tolist(), strict=True):
        members.setdefault(speaker, set()).add(article_id)
    return {frozenset(found) for found in members.values() if len(found) > 1}


def files(generation: Generation) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in generation.folder.glob("duplicates*.npy")}


def test_copies_are_grouped_and_the_fullest_speaks_for_them(bench: Bench) -> None:
    generation = bench.build()
    assert grouped(generation) == {frozenset({"a1", "b0", "b2"})}
    assert generation.groups.tolist() == [0, 3, 2, 3, 4, 3]
    assert generation.copies_of(1) == [3, 5]
    assert generation.copies_of(3) == [1, 5]
    assert generation.copies_of(0) == []
    assert generation.counts.articles == len(list(generation.articles())) == 6


def test_pages_that_print_a_report_under_other_headlines_are_grouped(bench: Bench) -> None:
    for name, headline, byline in (
        ("morning", "水磨坊转起来了", "本报讯（记者 林小满）"),
        ("evening", "青石滩上听水声", ""),
    ):
        lines = [headline, byline + REPORT[1], *REPORT[2:]]
        (bench.corpus / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    bench.write("b", {"b1": unlike(11)})
    generation = bench.build()
    [members] = grouped(generation)
    articles = [generation.article(article_id) for article_id in members]
    assert {article.source for article in articles} == {"a.jsonl#a1", "morning.txt", "evening.txt"}
    assert {article.title for article in articles} == {"", "水磨坊转起来了", "青石滩上听水声"}


def test_recurring_reports_are_not_grouped(bench: Bench) -> None:
    bench.write("a", {f"w{n}": NUMBERED.format(n, 10 + n, n, 20 + 3 * n, 50 + n) for n in range(2, 7)})
    bench.write("b", {"b": unlike(1)})
    assert grouped(bench.build()) == set()


def test_a_group_is_what_is_like_one_article_and_no_chain(bench: Bench) -> None:
    # Each is like its neighbours, and the ends have half as much in common.
    lines = [f"{unlike(number, 12)}" for number in range(40, 64)]
    texts = {f"c{start}": "".join(lines[start : start + 16]) for start in range(0, 9, 2)}
    bench.write("a", texts)
    bench.write("b", {"b": unlike(1)})
    generation = bench.build()
    found = grouped(generation)
    assert found
    for ordinal, article in enumerate(generation.articles()):
        speaker = generation.article_at(int(generation.groups[ordinal]))
        assert resemblance(profile(article.text), profile(speaker.text)) >= 0.5
    ends = resemblance(profile(texts["c0"]), profile(texts["c8"]))
    assert ends < 0.5
    assert not any({"c0", "c8"} <= members for members in found)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([("a", {"a1": "".join(REPORT[:-1])}), ("b", {"b0": WHOLE})], id="less at first"),
        pytest.param([("c", {"c0": WHOLE + "镇里备了茶水。", "c1": unlike(5)})], id="more at first"),
        pytest.param([("b", {"b0": WHOLE.replace("86万", "98万"), "b1": unlike(12)})], id="edited since"),
    ],
)
def test_building_on_what_is_there_gives_what_a_fresh_build_gives(
    bench: Bench, tmp_path: Path, steps: list[tuple[str, dict[str, str]]]
) -> None:
    final = {path.name: path.read_bytes() for path in bench.corpus.iterdir()}
    for name, texts in steps:
        bench.write(name, texts)
        bench.build()
    for path in bench.corpus.iterdir():
        path.unlink()
    for name, content in final.items():
        (bench.corpus / name).write_bytes(content)
    late = bench.build()
    fresh = Bench(tmp_path / "fresh")
    for name, content in final.items():
        fresh.corpus.mkdir(parents=True, exist_ok=True)
        (fresh.corpus / name).write_bytes(content)
    assert files(late) == files(fresh.build())
    assert grouped(late) == {frozenset({"a1", "b0", "b2"})}


def test_only_what_is_new_is_sketched_and_compared(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.build()
    sketched: list[int] = []
    compared: list[bool] = []
    make, compare = duplicates.sketch, duplicates.same_report
    monkeypatch.setattr(duplicates, "sketch", lambda texts: (sketched.append(len(texts)), make(texts))[1])
    monkeypatch.setattr(duplicates, "same_report", lambda *pair: (compared.append(True), compare(*pair))[1])
    bench.write("c", {"c0": unlike(21)})
    bench.build()
    assert (sum(sketched), len(compared)) == (1, 0)
    bench.write("c", {"c0": unlike(21), "c1": "".join(REPORT[:5]) + "（完）。"})
    assert frozenset({"a1", "b0", "b2", "c1"}) in grouped(bench.build())
    assert (sum(sketched), len(compared)) == (2, 1)


def test_files_that_are_damaged_are_made_anew(bench: Bench, tmp_path: Path) -> None:
    whole = bench.build()
    broken, mended = tmp_path / "broken", tmp_path / "mended"
    for folder in (broken, mended):
        folder.mkdir()
    (mended / "articles.sqlite").write_bytes((whole.folder / "articles.sqlite").read_bytes())
    for name, content in files(whole).items():
        (broken / name).write_bytes(content[:-3])
    duplicates.write_duplicates(mended, broken)
    assert {path.name: path.read_bytes() for path in mended.glob("*.npy")} == files(whole)


def test_an_index_without_groups_opens_and_is_completed(bench: Bench) -> None:
    folder = bench.build().folder
    assert open_groups(folder, 6).tolist() == [0, 3, 2, 3, 4, 3]
    with pytest.raises(IndexDamaged, match="groups of 6 articles, and there are 7"):
        open_groups(folder, 7)
    (folder / GROUPS).unlink()
    assert open_groups(folder, 6).tolist() == [0, 1, 2, 3, 4, 5]
    assert len(bench.build().groups) == 6


def test_sketches_estimate_the_resemblance() -> None:
    # 64 pairs that share from nothing to all of their words.
    errors = []
    for share in range(64):
        common = unlike(share, 2 * share)
        one, other = (profile(common + unlike(seed + share, 2 * (64 - share))) for seed in (1000, 2000))
        first, second = sketch([one.hashes, other.hashes])
        errors.append(float(np.mean(first == second)) - resemblance(one, other))
    assert abs(np.mean(errors)) < 0.02
    assert np.std(errors) < 0.08


def test_texts_of_any_length_are_sketched_alike_alone_and_together() -> None:
    hashes = [profile(unlike(number, words)).hashes for number, words in enumerate((1, 2, 5, 40, 300))]
    nothing = np.zeros(0, np.uint64)
    together = sketch([nothing, *hashes])
    assert together.shape == (6, BINS)
    assert not together[0].any()
    assert all(np.array_equal(sketch([one])[0], row) for one, row in zip(hashes, together[1:], strict=True))
    assert all(row.any() for row in together[1:])
    assert sketch([]).shape == (0, BINS)


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.uint16, st.tuples(st.integers(1, 12), st.just(BINS)), elements=st.integers(1, 3)),
    st.randoms(use_true_random=False),
    st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30),
)
def test_everyone_is_in_one_group_with_a_speaker_it_is_the_same_as(
    sketches: np.ndarray, draw: object, unequal: set[tuple[int, int]]
) -> None:
    order = np.arange(len(sketches))
    draw.shuffle(order)  # type: ignore[attr-defined]

    def same(one: int, other: int) -> bool:
        return (one, other) not in unequal and (other, one) not in unequal

    groups = group(sketches, order, same)
    place = np.argsort(order)
    for article, speaker in enumerate(groups.tolist()):
        assert groups[speaker] == speaker
        assert speaker == article or (same(speaker, article) and place[speaker] < place[article])


def test_everything_compared_is_part_of_the_key(bench: Bench) -> None:
    folder = bench.build().folder
    with closing(sqlite3.connect(folder / "articles.sqlite")) as database:
        rows = [row for _, row in duplicates._rows(database)]
    assert len({duplicates.digest(row) for row in rows}) == len(rows)
    text, blocks, byline, place = rows[0]
    others = [(text + "。", blocks, byline, place), (text, "[]", byline, place), (text, blocks, "记者", place)]
    changed = [*others, (text, blocks, byline, '["江苏省"]')]
    assert len({duplicates.digest(row) for row in (rows[0], *changed)}) == 5
