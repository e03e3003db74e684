"""Calling work off: once, from any thread, and never behind the back of those who have finished."""

from __future__ import annotations

import threading

import pytest

from rag.cancellation import Cancellation
from rag.errors import Cancelled


def test_work_goes_on_until_it_is_called_off() -> None:
    cancellation = Cancellation()
    cancellation.check()
    assert not cancellation.cancelled
    cancellation.cancel()
    assert cancellation.cancelled
    with pytest.raises(Cancelled):
        cancellation.check()


def test_a_callback_is_called_once_and_within_its_block_only() -> None:
    cancellation, called = Cancellation(), []
    with cancellation.calling(lambda: called.append("left")):
        pass
    with cancellation.calling(lambda: called.append("outer")), cancellation.calling(lambda: called.append("inner")):
        cancellation.cancel()
        cancellation.cancel()
        assert called == ["outer", "inner"]
    assert called == ["outer", "inner"]


def test_a_callback_that_comes_late_is_called_at_once() -> None:
    cancellation, called = Cancellation(), []
    cancellation.cancel()
    with cancellation.calling(lambda: called.append("late")):
        assert called == ["late"]


def test_a_block_is_not_left_while_its_callback_runs() -> None:
    cancellation, order = Cancellation(), []
    entered, begun = threading.Event(), threading.Event()

    def callback() -> None:
        begun.set()
        worker.join(0.05)  # gives it the time to leave, were it let
        order.append("called")

    def work() -> None:
        with cancellation.calling(callback):
            entered.set()
            assert begun.wait(30)
        order.append("left")

    worker = threading.Thread(target=work)
    worker.start()
    assert entered.wait(30)
    cancellation.cancel()
    worker.join(30)
    assert order == ["called", "left"]
