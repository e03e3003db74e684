"""Growing an index, looking at memory, and the other measurements of size run, and count what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from bench import cutting, scale
from bench.common import read_lines
from bench.cutting import equal
from bench.growing import ADDED, CopyingEmbedder, grow, recombined
from bench.index_types import compare_types
from bench.memory import memory_of, timed_run
from rag.corpus.articles import split_page
from rag.errors import ExitCode, InputError
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.index.text.chunking import chunk_article
from rag.index.text.sentences import split_sentences
from rag.settings import Settings
from rag.types import Page, RecordFields
from tests.test_bench import cells_of, write_lines

ROOT = Path(__file__).parents[1]

linux = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="memory is measured on Linux only")


@pytest.fixture(scope="module")
def sample(sample_index: Settings) -> Iterator[Generation]:
    with closing(Store(sample_index.vectors).current()) as generation:
        yield generation


@pytest.fixture(scope="module")
def grown(sample: Generation, sample_index: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("grown") / "out"
    report = grow(sample_index.vectors, None, out, len(sample) + 60)
    assert report.counts.chunks >= len(sample) + 60
    assert report.kept == len(sample)
    return out


def test_a_grown_index_holds_what_was_there_and_the_corpuss_own_sentences(grown: Path, sample: Generation) -> None:
    sentences = {article.text[slice(*span)] for article in sample.articles() for span in split_sentences(article.text)}
    added = list(read_lines(grown / "corpus" / ADDED))
    for record in added:
        text = record["text"]
        assert "".join(text[slice(*span)] for span in split_sentences(text)) == text
        assert any(sentence in text for sentence in sentences)
    assert len({record["text"] for record in added}) == len(added)
    with closing(Store(grown / "vectors").current()) as generation:
        assert {article.article_id for article in sample.articles()} < {one.article_id for one in generation.articles()}
        assert generation.article(added[0]["id"]).text == added[0]["text"]
        lengths = np.linalg.norm(generation.vectors.vectors(np.arange(len(generation), dtype=np.int64)), axis=1)
        np.testing.assert_allclose(lengths, 1, atol=2e-3)


def test_a_folder_that_holds_something_is_not_grown_into(grown: Path, sample_index: Settings) -> None:
    with pytest.raises(InputError, match="not empty"):
        grow(sample_index.vectors, None, grown, 10)


def test_recombined_articles_give_as_many_chunks_as_were_asked_for(sample: Generation) -> None:
    articles = list(sample.articles())
    records = list(recombined(articles, 25))
    chunks = [
        len(chunk_article(*split_page(Page("x", str(record["text"]), RecordFields(str(record["id"]))))))
        for record in records
    ]
    assert sum(chunks[:-1]) <= 25 + len(chunks)  # headlines and places may cut a text otherwise here
    assert records == list(recombined(articles, 25))
    assert list(recombined(articles, 0)) == []


def test_copied_vectors_are_near_one_of_the_indexs(sample: Generation) -> None:
    embedder = CopyingEmbedder(sample)
    copies = embedder.embed_passages(["甲", "乙", "丙"])
    np.testing.assert_allclose(np.linalg.norm(copies, axis=1), 1, atol=1e-5)
    nearest = [float(sample.vectors.search(copy, 1)[1][0]) for copy in copies]
    assert all(0.99 < cosine < 0.9999 for cosine in nearest)
    np.testing.assert_array_equal(copies[1], embedder.embed_query("乙"))
    assert embedder.embed_passages([]).shape == (0, embedder.dimension)


@linux
def test_the_whole_measurement_runs(grown: Path, sample_index: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(Store(grown / "vectors").generations())
    arguments = ["--vectors", str(sample_index.vectors), "--out", str(grown), "--searches", "2", "--asks", "1"]
    assert scale.main(arguments) == ExitCode.OK
    printed = capsys.readouterr().out
    assert len(Store(grown / "vectors").generations()) == before + 1  # of the edited article
    for part in ("the query's vector", "200 nearest vectors", "200 best by keywords", "search, all of it"):
        middle, late = map(float, cells_of(printed, part)[1].split(" · "))
        assert 0 < middle <= late
    for stage in ("ready", "2 searches", "and 1 questions"):
        resident, own, mapped = map(float, cells_of(printed, stage))
        assert resident == pytest.approx(own + mapped, abs=1.1)
    assert re.search(r"of the files at the end: \S+ \d+, ", printed)
    for what in ("nothing changed", "one article edited"):
        assert all(float(cell) > 0 for cell in cells_of(printed, what))


def test_long_queries_are_long_and_half_of_them_common(sample: Generation) -> None:
    queries = scale.long_queries(sample, 20)
    assert queries
    assert all(scale.LONG[0] <= len(query) <= scale.LONG[1] for query in queries)


def test_an_edit_changes_one_record(tmp_path: Path) -> None:
    path = write_lines(tmp_path / ADDED, [{"id": f"{number}", "text": "码头开了。"} for number in range(5)])
    scale.edit_one(path)
    changed = [record["text"] != "码头开了。" for record in read_lines(path)]
    assert changed == [False, False, True, False, False]


def test_index_types_are_held_against_the_exact_ranking(sample: Generation) -> None:
    queries = sample.vectors.vectors(np.arange(12, dtype=np.int64))
    header, rows = compare_types(sample, queries)
    found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert len(found) == 8
    assert float(found["exact, float32"]["recall@10"]) == 1
    assert float(found["half precision, ours"]["recall@10"]) > 0.95
    assert float(found["exact, float32"]["MB"]) > 1.9 * float(found["half precision, ours"]["MB"]) - 1


_HOLDING = """
import mmap, os
from bench.memory import memory_of

before = memory_of(os.getpid())
held = mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
held.write(b"x" * len(held))
after = memory_of(os.getpid())
assert abs(after.private - before.private - 64) < 4, (before, after)
assert abs(sum(after.files.values()) - after.mapped) < 1e-6, after
assert any(name.startswith(("libpython", "python")) for name in after.files), after
"""


@linux
def test_memory_counts_what_a_process_holds() -> None:
    # In a process of its own: in this one, what other tests started may take memory between the two looks.
    ended = subprocess.run([sys.executable, "-c", _HOLDING], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@linux
def test_a_run_is_charged_for_itself_alone() -> None:
    held = np.ones(400_000_000, np.uint8)  # of this process, which a child must not be charged for
    ended = timed_run([sys.executable, "-c", "held = b'x' * 50_000_000"], dict(os.environ))
    assert 50 < ended.peak < 200 < held.nbytes / 2**20
    assert ended.seconds > 0
    with pytest.raises(InputError, match="no such thing"):
        timed_run([sys.executable, "-c", "raise SystemExit('no such thing')"], dict(os.environ))


def test_a_process_that_is_gone_has_no_memory() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(InputError, match=str(process.pid)):
        memory_of(process.pid)


def test_cutters_are_compared_with_jieba(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = write_lines(tmp_path / "texts.jsonl", [{"text": "图书馆把闭馆时间推迟到晚上十点。"}, {"text": ""}])
    assert cutting.main([str(texts), "--rounds", "1"]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert printed.startswith("1 texts, 16 characters")
    assert cells_of(printed, "jieba")[1:3] == ["1.0×", "1.0000"]
    assert re.fullmatch(r"[\d.]+×", cells_of(printed, "rjieba")[1])


def test_equal_words_count_as_often_as_they_occur() -> None:
    reference = [Counter("甲甲乙"), Counter("丙")]
    assert equal(reference, reference) == 1
    assert equal(reference, [Counter("甲丁"), Counter("丙丙")]) == 0.5
    assert equal([], []) == 0
