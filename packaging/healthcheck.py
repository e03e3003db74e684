#!/usr/bin/env python3
"""Exit status 0 when the server of this container has an index loaded and takes questions, else 1."""

import os
import sys
from http.client import HTTPConnection, HTTPException

PATH = "/readyz"


def main() -> int:
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("WENBAO_PORT") or 8000), timeout=5)
    try:
        connection.request("GET", PATH)
        reply = connection.getresponse()
        print(reply.read(500).decode("utf-8", "replace"))
    except (OSError, HTTPException) as error:
        print(f"{PATH}: {error}", file=sys.stderr)
        return 1
    return 0 if reply.status == 200 else 1


if __name__ == "__main__":
    raise SystemExit(main())
