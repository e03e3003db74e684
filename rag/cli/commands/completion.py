"""`wenbao completion`."""

from __future__ import annotations

import click

from rag.cli.completion import SHELLS, script
from rag.cli.options import settings_options
from rag.cli.output import write


@click.command(short_help="Print what makes a shell complete commands and flags.")
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
@settings_options
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the lines that make SHELL (bash, zsh or fish) complete wenbao's commands, flags and their values.

    Keep them where the shell looks for completions, or have each new shell read them. Bash must be 4.4 or newer.

    \b
    Examples:
      wenbao completion bash > ~/.local/share/bash-completion/completions/wenbao
      wenbao completion zsh > "${fpath[1]}/_wenbao"
      wenbao completion fish > ~/.config/fish/completions/wenbao.fish
      eval "$(wenbao completion bash)"
    """
    write(script(context.find_root().command, shell))
