"""The measurements of growth run, go on where they were, and count what they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import sizes, stages
from bench.growing import recombined
from rag.errors import ExitCode
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.settings import Settings
from rag.types import Progress
from tests.test_bench import cells_of

ROWS = 600

linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured on Linux only")


@pytest.fixture(scope="module")
def sample(sample_index: Settings) -> Iterator[Generation]:
    with closing(Store(sample_index.vectors).current()) as generation:
        yield generation


@linux
def test_indexes_are_built_searched_and_held_against_the_exact_answers(
    sample_index: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--vectors", str(sample_index.vectors), "--out", str(tmp_path), "--rows", str(ROWS)]
    assert sizes.main([*arguments, "--kinds", "hnsw", "--seconds", "0"]) == ExitCode.OK
    assert "hnsw: 0 rows" in capsys.readouterr().out
    assert sizes.main([*arguments, "--kinds", "exact", "hnsw", "words"]) == ExitCode.OK
    printed = capsys.readouterr().out
    rows = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith(f"| {ROWS} ")]
    found = {row[1]: row[2:] for row in rows}
    assert float(found["half precision in full, ours"][0]) == 1
    assert all(float(cells[0]) > 0.5 for cells in found.values())
    assert {"words", "words, long queries"} < set(found)
    for recall, times, disk, _, _, peak in found.values():
        middle, late = map(float, times.split(" · "))
        assert 0 <= middle <= late
        assert float(recall) <= 1
        assert 0 <= float(disk) < 50 < float(peak)


def test_drawn_vectors_are_of_unit_length_and_none_is_there_twice(sample: Generation) -> None:
    parts = [part for _, part in sizes.drawn(sample, 3 * len(sample))]
    drawn = np.concatenate(parts)
    assert len(drawn) == 3 * len(sample)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-5)
    assert len(np.unique(drawn, axis=0)) == len(drawn)


@given(st.integers(sizes.COUNTED, 60), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_nearest_rows_are_those_of_the_largest_products(count: int, queries: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(count, 8)).astype(np.float16)
    asked = random.normal(size=(queries, 8)).astype(np.float32)
    products = asked @ rows.astype(np.float32).T
    found = np.take_along_axis(products, sizes.nearest(rows, asked), axis=1)
    np.testing.assert_array_equal(found, -np.sort(-products, axis=1)[:, : sizes.COUNTED])


@linux
def test_a_corpus_grows_by_steps_and_is_then_measured(
    sample_index: Settings, sample: Generation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--vectors", str(sample_index.vectors), "--out", str(tmp_path), "--chunks", "150", "--step", "100"]
    assert stages.main(arguments) == ExitCode.OK
    printed = capsys.readouterr().out
    assert "start it again to go on" in printed
    for stage in ("reading", "embedding", "cutting words", "writing"):
        assert float(cells_of(printed, stage)[0]) >= 0
    assert stages.main(arguments) == ExitCode.OK
    assert "start it again" not in capsys.readouterr().out
    assert stages.main([*arguments, "--searches", "2"]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert "2 questions" in printed
    assert "wenbao index after one edit: " in printed
    with closing(Store(tmp_path / "vectors").current()) as generation:
        assert len(generation) >= 150
        assert {article.article_id.rpartition("-")[0] for article in generation.articles()} == {"part-0", "part-1"}


def test_other_seeds_and_names_give_other_records(sample: Generation) -> None:
    articles = list(sample.articles())
    one, other = (list(recombined(articles, 10, seed, f"part-{seed}")) for seed in (0, 1))
    assert {record["text"] for record in one}.isdisjoint(record["text"] for record in other)
    assert {record["id"] for record in one}.isdisjoint(record["id"] for record in other)


def test_a_clock_adds_up_what_a_stage_takes() -> None:
    clock = stages.Clock()
    for stage in ("reading", "reading", "embedding", "reading"):
        clock(Progress(stage, 0, 0))
    clock.end()
    assert list(clock.seconds) == ["reading", "embedding"]
    assert all(taken >= 0 for taken in clock.seconds.values())
