"""schemathesis over the whole schema, against a `wenbao serve` of its own that takes uploads into a copy of the sample.

python -m bench.schemathesis PATH-OF-SCHEMATHESIS [its options]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.common import run
from bench.fuzz import KEY, serving
from rag.settings import sample_path

CONFIGURATION = Path(__file__).with_suffix(".toml")
DEFAULTS = ["--max-examples", "150", "--seed", "1"]


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    command, options = sys.argv[1], sys.argv[2:]
    status = 0

    def measure() -> None:
        nonlocal status
        with tempfile.TemporaryDirectory() as folder:
            corpus = Path(folder) / "corpus"
            shutil.copytree(sample_path(), corpus, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
            with serving(corpus=str(corpus), allow_upload="true", body_timeout_s="20") as (host, port):
                called = [str(Path(command).absolute()), "--config-file", str(CONFIGURATION)]
                address = ["run", f"http://{host}:{port}/openapi.json", "-H", f"Authorization: Bearer {KEY}"]
                status = subprocess.run([*called, *address, *DEFAULTS, *options], cwd=folder, check=False).returncode

    return run(measure) or status


if __name__ == "__main__":
    sys.exit(main())
