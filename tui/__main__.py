"""`python -m tui`: the terminal UI on a server that runs already."""

from __future__ import annotations

import argparse
import os

from tui.app import run
from tui.history.keeper import LoadAnalysis


def main(load_analysis: LoadAnalysis | None = None) -> None:
    """Reads address, key and language from the command line and the environment; `load_analysis` as for `run`."""
    parser = argparse.ArgumentParser(prog="python -m tui", description="Ask the paper in the terminal.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the server (default: %(default)s)")
    parser.add_argument("--api-key", help="key of the server; unset: WENBAO_API_KEY in the environment")
    parser.add_argument("--language", choices=["zh", "en"], help="language of the interface; unset: the locale's")
    given = parser.parse_args()
    run(given.url, given.api_key or os.environ.get("WENBAO_API_KEY"), given.language, load_analysis)


if __name__ == "__main__":
    main()
