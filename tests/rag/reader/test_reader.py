"""The shipped reader over texts of ours."""

from __future__ import annotations

import numpy as np
import pytest

from rag.embedding.model import models_folder
from rag.reader.model import prepare_reader
from rag.reader.reader import NOWHERE, Reader, Stretch

HEADLINE = "渔港建起冰库"
TEXT = (
    "霞浦县三沙渔港新建的冰库近日投用，一次可存冰3.2万吨。冰库由海丰冷链公司投资4800万元建设，工期为18个月。"
    "渔民陈阿水说，从前出海要先跑40公里去买冰，如今船靠码头就能装冰。"
)
OTHER = "泰顺县把木偶戏搬进14所小学，孩子们每周学一堂。校长周远舟表示，学戏让孩子们胆子大了。"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("冰库由哪家公司投资建设？", "海丰冷链公司"),
        ("冰库一次可以存多少冰？", "3.2万吨"),
        ("冰库的工期是多久？", "18个月"),
        ("从前渔民出海要跑多远去买冰？", "40公里"),
    ],
)
def test_an_answer_is_found(reader: Reader, question: str, answer: str) -> None:
    (reading,) = reader.read(question, [Stretch(HEADLINE, TEXT)])
    margin, (start, end) = reading.answer_in(0, len(TEXT))
    assert answer in TEXT[start:end]
    assert margin > 0


@pytest.mark.parametrize("question", ["冰库由哪家公司投资建设？", "冰库一次可以存多少冰？"])
def test_a_text_about_something_else_has_none(reader: Reader, question: str) -> None:
    right, wrong = reader.read(question, [Stretch(HEADLINE, TEXT), Stretch("木偶戏进课堂", OTHER)])
    assert wrong.answer_in(0, len(OTHER))[0] < 0 < right.answer_in(0, len(TEXT))[0]


def test_read_together_or_alone_is_the_same(reader: Reader) -> None:
    stretches = [Stretch(HEADLINE, TEXT), Stretch("", OTHER), Stretch("", TEXT * 3)]
    together = reader.read("工期是多久？", stretches)
    for stretch, one in zip(stretches, together, strict=True):
        (alone,) = reader.read("工期是多久？", [stretch])
        np.testing.assert_array_equal(one.starts, alone.starts)
        np.testing.assert_array_equal(one.ends, alone.ends)


def test_where_no_answer_can_start_the_margin_is_the_least(reader: Reader) -> None:
    (reading,) = reader.read("工期是多久？", [Stretch("", TEXT)])
    assert reading.answer_in(len(TEXT), len(TEXT) + 5) == (NOWHERE, (len(TEXT), len(TEXT)))


def test_ranges_share_out_the_best_answer(reader: Reader) -> None:
    (reading,) = reader.read("工期是多久？", [Stretch("", TEXT)])
    half = TEXT.index("渔民")
    parts = reading.answer_in(0, half)[0], reading.answer_in(half, len(TEXT))[0]
    assert reading.answer_in(0, len(TEXT))[0] == max(parts)


def test_nothing_to_read_is_no_reading(reader: Reader) -> None:
    assert reader.read("工期是多久？", []) == []


def test_a_prepared_reader_is_opened_as_it_is_and_shares_the_table(reader: Reader) -> None:
    steps: list[object] = []
    model = prepare_reader(steps.append)
    assert steps == []
    assert model.agreement >= 0.98
    assert model.folder.parent == models_folder()
    assert (model.folder / "model.onnx.data").stat().st_nlink > 1
