"""The commands `annal agent run` and `annal agent chat`."""

from typing import Annotated

import typer
from rich.console import Console

from infra import terminal
from infra.agent.options import Token, Url, door
from infra.terminal import DataDir


def run(data_dir: DataDir = None) -> None:
    """Answer messages until told to stop; `annal up` does it, too."""
    from infra.agent.process import run as work  # noqa: PLC0415 - it brings a model and all of the doors

    work(terminal.role(data_dir))


def chat(
    data_dir: DataDir = None,
    *,
    token: Token = "",
    url: Url = None,
    conversation: Annotated[str | None, typer.Option(help="Go on with this one; a new one if not said.")] = None,
) -> None:
    """Talk with the agent."""
    there = door(data_dir, url, token)
    from infra.agent.chat import chat as talk  # noqa: PLC0415

    terminal.run(talk(*there, conversation, Console()))
