"""The commands `annal agent run` and `annal agent chat`."""

from typing import Annotated

import typer
from rich.console import Console

from infra import terminal
from infra.settings import Unusable
from infra.terminal import DataDir


def run(data_dir: DataDir = None) -> None:
    """Answer messages until told to stop; `annal up` does it, too."""
    from infra.agent.process import run as work  # noqa: PLC0415 - it brings a model and all of the doors

    work(terminal.role(data_dir))


def chat(
    data_dir: DataDir = None,
    *,
    token: Annotated[
        str,
        typer.Option(
            envvar="ANNAL_TOKEN", help="An access token or an API key; see docs/identity.md.", show_default=False
        ),
    ] = "",
    url: Annotated[
        str | None, typer.Option(envvar="ANNAL_URL", help="Where the doors are; on this machine if not said.")
    ] = None,
    conversation: Annotated[str | None, typer.Option(help="Go on with this one; a new one if not said.")] = None,
) -> None:
    """Talk with the agent."""
    from infra.agent.chat import chat as talk  # noqa: PLC0415

    if not token:
        raise Unusable("Say who asks: give --token, or set ANNAL_TOKEN, to an access token or an API key.")
    terminal.run(talk((url or terminal.settings(data_dir).url).rstrip("/"), token, conversation, Console()))
