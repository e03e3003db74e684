"""Prints what wenbao requires, a line each, with the extras named between commas; run beside pyproject.toml."""

import sys
import tomllib
from pathlib import Path


def main() -> int:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = list(project["dependencies"])
    extras = project["optional-dependencies"]
    for name in filter(None, (part.strip() for part in sys.argv[1].split(","))):
        if name not in extras:
            print(f"error: there is no extra {name!r}, only {', '.join(extras)}", file=sys.stderr)
            return 2
        required += extras[name]
    print("\n".join(required))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
