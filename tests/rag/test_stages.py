"""What the library tells of itself: to whom, when, and to nobody else."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rag.library import Library
from rag.stages import STAGES, Stage, listening, stage, tell_answered, tell_asked


class Ear:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.depth = 0

    @contextmanager
    def stage(self, name: Stage) -> Iterator[None]:
        self.heard.append(name)
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    def asked(self, text: str) -> None:
        self.heard.append(f"asked {text}")

    def answered(self, supported: bool, answerer: str) -> None:
        self.heard.append(f"answered {supported} {answerer}")


def test_a_search_is_told_by_its_stages_in_order(sample_library: Library) -> None:
    ear = Ear()
    with listening(ear):
        sample_library.search("婚恋交友平台", top_k=3)
    assert ear.heard == ["asked 婚恋交友平台", "embed", "dense", "keyword", "fuse", "fuse"]
    assert ear.depth == 0


@pytest.mark.parametrize(("mode", "left_out"), [("dense", {"keyword"}), ("lexical", {"embed", "dense"})])
def test_a_leg_that_is_not_asked_is_no_stage(sample_library: Library, mode: str, left_out: set[str]) -> None:
    ear = Ear()
    with listening(ear):
        sample_library.search("平台", mode=mode)  # type: ignore[arg-type]
    assert set(ear.heard) & set(STAGES) == {"embed", "dense", "keyword", "fuse"} - left_out


@pytest.mark.parametrize(
    ("question", "outcome"), [("哪些城市搭建了婚恋交友平台？", True), ("月球背面的第一家邮局是哪年开的？", False)]
)
def test_an_answer_is_told_as_one_stage_with_others_within(
    sample_library: Library, question: str, outcome: bool
) -> None:
    ear = Ear()
    with listening(ear):
        sample_library.ask(question)
    assert ear.heard[:2] == [f"asked {question}", "answer"]
    assert {"embed", "dense", "keyword", "fuse"} <= set(ear.heard)
    assert ear.heard[-1] == f"answered {outcome} extractive"
    assert ear.depth == 0


def test_stages_end_by_errors_too() -> None:
    ear = Ear()
    with listening(ear), pytest.raises(KeyError), stage("answer"), stage("embed"):
        raise KeyError("anything")
    assert ear.heard == ["answer", "embed"]
    assert ear.depth == 0


def test_nobody_else_hears() -> None:
    ear, other = Ear(), Ear()

    def work() -> None:
        with stage("dense"):
            tell_asked("elsewhere")
            tell_answered(True, "llm")

    def talk() -> None:
        with listening(other):
            work()

    with listening(ear):
        threads = [
            threading.Thread(target=talk),
            threading.Thread(target=work),  # a thread of its own has a context of its own
            threading.Thread(target=contextvars.copy_context().run, args=(work,)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    work()
    assert ear.heard == ["dense", "asked elsewhere", "answered True llm"]
    assert other.heard == ear.heard
