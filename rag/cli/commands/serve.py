"""`wenbao serve`."""

from __future__ import annotations

import click

from rag.cli.opening import ensure_index, with_remembered_corpus
from rag.cli.options import Flags, address_options, serving_options, settings_options


@click.command(short_help="Serve the HTTP API.")
@address_options
@serving_options
@settings_options
@click.pass_obj
def command(flags: Flags) -> None:
    """Serve the HTTP API until Ctrl-C. Its address is told on stderr; the API describes itself at /openapi.json.

    Told to stop, it finishes the answers under way; told twice, it ends at once. Without keys (WENBAO_API_KEYS) it
    binds to addresses of this machine only.

    \b
    Examples:
      wenbao serve
      wenbao serve --host 127.0.0.1 --port 9000
      wenbao serve --workers 2 --log-level info --log-format json
    """
    settings = flags.settings()
    ensure_index(settings)

    from server.process.run import serve

    with_remembered_corpus(settings)  # an index that cannot tell what it was built from is told now, not on a refresh
    serve(settings)
