"""`python -m server`: serves by the settings of environment and file. `wenbao serve` does the same and takes flags."""

from __future__ import annotations

import sys

from rag.errors import RagError
from server.process.private import run_inherited

_USAGE = 2


def main(arguments: list[str]) -> int:
    """Runs a server; the exit status is one of `rag.errors.ExitCode`."""
    try:
        match arguments:
            case []:
                from rag.settings import load_settings
                from server.process.run import serve

                serve(load_settings())
            case ["--inherit", descriptor] if descriptor.isdecimal():
                run_inherited(int(descriptor))
            case _:
                sys.stderr.write("usage: python -m server\nhint: `wenbao serve --help` lists the flags.\n")
                return _USAGE
    except RagError as error:
        sys.stderr.write(f"wenbao: {error}\nhint: {error.hint}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
