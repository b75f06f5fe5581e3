"""What the commands of the agent share that ask the doors: who asks, and where."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from infra import terminal
from infra.settings import Unusable

Token = Annotated[
    str,
    typer.Option(envvar="ANNAL_TOKEN", help="An access token or an API key; see docs/identity.md.", show_default=False),
]
Url = Annotated[str | None, typer.Option(envvar="ANNAL_URL", help="Where the doors are; on this machine if not said.")]


class Door(NamedTuple):
    """Where the doors are, and with what they are asked."""

    url: str
    token: str


def door(data_dir: Path | None, url: str | None, token: str) -> Door:
    """Give the door that is meant. Raises Unusable if nobody asks."""
    if not token:
        raise Unusable("Say who asks: give --token, or set ANNAL_TOKEN, to an access token or an API key.")
    return Door(address(data_dir, url), token)


def address(data_dir: Path | None, url: str | None) -> str:
    """Give where the doors are."""
    return (url or terminal.settings(data_dir).url).rstrip("/")
