"""`wenbao mcp`."""

from __future__ import annotations

import os
import sys

import click

from rag.cli.opening import ensure_index
from rag.cli.options import Flags, address_options, settings_options
from rag.errors import ExitCode, ServerError


@click.command(short_help="Serve the Model Context Protocol, for assistants that use tools.")
@click.option("--http", is_flag=True, help="Over HTTP at /mcp instead of standard input and output.")
@address_options
@settings_options
@click.pass_obj
def command(flags: Flags, http: bool) -> None:
    """Serve search, ask and read_article, and the articles, to a program that speaks the Model Context Protocol.

    It talks on standard input and output with the program that started it, or with --http at an address of its own;
    then it is told on stderr, and without keys (WENBAO_API_KEYS) it binds to addresses of this machine only.

    \b
    Examples:
      wenbao mcp
      wenbao mcp --http --port 9000
    """
    settings = flags.settings()
    try:
        from server.mcp.run import mcp_state, serve_http, serve_stdio
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in {"mcp", "mcp_types"}:
            raise
        raise ServerError(
            "the Model Context Protocol's library is not installed", hint="Run `pip install 'mcp>=2.3'`."
        ) from error
    # The index is seen to when it is first opened: a program that starts its tools waits for their greeting only.
    state = mcp_state(settings, prepare=ensure_index)
    if http:
        serve_http(state)
    else:
        serve_stdio(state)
        # Everything is closed. Threads that still warm the library up, or work for a call that was called off, are not
        # waited for; torn out of C++ by the interpreter's own end, they would abort the process.
        sys.stderr.flush()
        os._exit(ExitCode.OK)
