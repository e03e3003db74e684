"""The invented paper in a process of its own, so that it can be killed.

Arguments: settings as JSON, `port` among them; 0 takes a free one. It prints its address. A question with 慢 in it is
told on stdout once its hits are on their way, and answered once a line comes on stdin.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from rag.settings import Settings
from rag.types import Answer, Counts, IndexReport
from server.live import LiveLibrary
from server.process.run import make_server
from server.process.sockets import base_url, bind
from server.refreshing.jobs import Jobs
from server.state import State
from tests.tui.paper import HITS, PaperLibrary

ROOT = Path(__file__).parents[2]


class SlowPaper(PaperLibrary):
    """Tells its hits, and keeps some answers back."""

    def ask(self, question: str, **given: Any) -> Answer:
        if "慢" in question:
            given["on_hits"](HITS)
            print("asked", flush=True)  # noqa: T201
            sys.stdin.readline()
        return super().ask(question, **given)


class PaperServer:
    """Such a process.

    Args:
        port: where it serves; 0: anywhere.
        settings: such as `api_keys`.
    """

    def __init__(self, port: int = 0, **settings: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.tui.paper_server", json.dumps({"port": port, **settings})],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.url = self.told()
        self.port = int(self.url.rpartition(":")[2])

    def told(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._process.kill()
        self._process.communicate()


def main(port: int, settings: dict[str, Any]) -> None:
    live = LiveLibrary(lambda _: SlowPaper())  # type: ignore[arg-type, return-value]
    report = IndexReport("g2", False, Counts(), 0, 0, 0, (), 0.1)
    state = State(Settings(**settings), live, Jobs(lambda _: report, lambda: None))
    with bind("127.0.0.1", port) as listener:
        url = base_url("127.0.0.1", listener.getsockname()[1])
        threading.Thread(target=live.wait, daemon=True).start()
        make_server(state, lambda: print(url, flush=True)).run(sockets=[listener])  # noqa: T201


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    main(given.pop("port"), given)
