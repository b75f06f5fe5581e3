"""The command `annal agent eval`: what it takes; what it measures stands in infra/agent/measuring.py."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Where the public data sets stand unless one says: beside the checkout."""


def evaluate(
    *,
    data: Annotated[Path, typer.Option(help="The folder of clinc150/ and banking77/.")] = DATA,
    json: Annotated[Path | None, typer.Option("--json", help="Write the rows into this file, too.")] = None,
) -> None:
    """Measure how well messages are understood, beside published figures; some ten minutes."""
    from infra.agent import measuring  # noqa: PLC0415 - whoever asks for help waits for no library of learning

    measuring.run(data, json, Console())
