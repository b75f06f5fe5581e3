"""The commands `annal agent learn` and `annal agent index`: what they take."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra import terminal
from infra.settings import Unusable
from infra.terminal import DataDir

Token = Annotated[
    str,
    typer.Option(envvar="ANNAL_TOKEN", help="An access token or an API key; see docs/identity.md.", show_default=False),
]
Url = Annotated[str | None, typer.Option(envvar="ANNAL_URL", help="Where the doors are; on this machine if not said.")]


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
    if not token:
        raise Unusable("Say who asks: give --token, or set ANNAL_TOKEN, to an access token or an API key.")
    from infra.agent import learning  # noqa: PLC0415

    door = (url or terminal.settings(data_dir).url).rstrip("/")
    raise typer.Exit(terminal.run(learning.learn(door, token, paths, share or [], Console())))


def index(
    data_dir: DataDir = None,
    *,
    anew: Annotated[bool, typer.Option("--anew", help="Forget all that is indexed before.")] = False,
) -> None:
    """Index all that the agent can look up, as it is now; what is indexed already and did not change is left alone."""
    settings = terminal.role(data_dir)
    from infra.agent import indexing  # noqa: PLC0415 - it brings a model and all of the doors

    terminal.run(indexing.index_all(settings, Console(soft_wrap=True), anew=anew))
