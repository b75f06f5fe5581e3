"""The commands `annal agent learn` and `annal agent index`: what they take."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra import terminal
from infra.agent.options import Token, Url, door
from infra.terminal import DataDir


def learn(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER…", help="Text, Markdown, HTML or PDF.")],
    data_dir: DataDir = None,
    *,
    share: Annotated[
        list[str] | None, typer.Option(metavar="ACCOUNT", help="Who may read them, too; may be repeated.")
    ] = None,
    token: Token = "",
    url: Url = None,
) -> None:
    """Let the agent look things up in your files: each becomes a document that you own; exit code 1 if one does not."""
    there = door(data_dir, url, token)
    from infra.agent import learning  # noqa: PLC0415

    raise typer.Exit(terminal.run(learning.learn(there, paths, share or [], Console())))


def index(
    data_dir: DataDir = None,
    *,
    anew: Annotated[bool, typer.Option("--anew", help="Forget all that is indexed before.")] = False,
) -> None:
    """Index all that the agent can look up, as it is now; what is indexed already and did not change is left alone."""
    settings = terminal.role(data_dir)
    from infra.agent import indexing  # noqa: PLC0415 - it brings a model and all of the doors

    terminal.run(indexing.index_all(settings, Console(soft_wrap=True), anew=anew))
