"""A server for the tests of its end: a process over the small library, whose answers wait for a line on stdin.

Arguments: settings as JSON. A search of `slow` tells `asked` on stdout and is answered once a line comes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from rag.settings import Settings
from rag.types import Answer, IndexReport, Progress
from server.live import LiveLibrary
from server.process.run import base_url, bind, leave_if_busy, make_server
from server.refreshing.jobs import Jobs
from server.state import State
from tests.server.fakes import FakeLibrary


class SlowLibrary(FakeLibrary):
    """Answers `slow` when it is let."""

    def ask(self, question: str, **options: object) -> Answer:
        if question == "slow":
            print("asked", flush=True)  # noqa: T201
            sys.stdin.readline()
        return super().ask(question, **options)  # type: ignore[arg-type]


def endless(progress: Callable[[Progress], None]) -> IndexReport:
    """A build that goes on until it is stopped."""
    print("building", flush=True)  # noqa: T201
    try:
        while True:
            progress(Progress("embedding", 1, 2))
            time.sleep(0.01)
    finally:
        print("build stopped", flush=True)  # noqa: T201


def main(settings: Settings) -> None:
    live = LiveLibrary(lambda _: SlowLibrary())  # type: ignore[arg-type, return-value]
    state = State(settings, live, Jobs(endless, live.reload))
    with bind("127.0.0.1", 0) as listener:
        url = base_url("127.0.0.1", listener.getsockname()[1])
        make_server(state, lambda: print(url, flush=True)).run(sockets=[listener])  # noqa: T201
        leave_if_busy()


if __name__ == "__main__":
    main(Settings(**json.loads(sys.argv[1])))
