"""The date that a text gives, and none that it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.corpus import dates


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2018年12月1日，专线开通。", "2018-12-01"),
        ("竞赛于2018年7月启动。", "2018-07"),
        ("截至2018年底，已有三百人就业。", "2018"),
        ("2021年成立，2024年3月8日换届，2024年建档。", "2024-03-08"),
        ("2023年办了三场，2024年度办了六场。", "2024"),
        ("2024-03-08 发布。", "2024-03-08"),
        ("3月8日，专线开通。", None),
        ("从2022年起，驿站增加到八座。", None),
        ("2015年以来，职工人数翻番。", None),
        ("力争2035年建成。", None),
        ("到2030年，将建成三百座驿站。", None),
        ("到2023年底，建成三百座驿站。", "2023"),
        ("2024年2月31日是没有的一天。", "2024-02"),
        ("编号12024年", None),
        ("", None),
    ],
)
def test_date(text: str, date: str | None) -> None:
    assert dates.of_article(text) == date


@given(st.dates())
def test_a_written_day_is_read_back(day) -> None:  # type: ignore[no-untyped-def]
    if 1900 <= day.year < 2100:
        assert dates.of_article(f"记于{day.year}年{day.month}月{day.day}日。") == day.isoformat()
