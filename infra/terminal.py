"""What the commands at a terminal share: where everything is kept, the settings, and how their work is run."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from infra.settings import ADDRESSES, Settings, address, load

Result = TypeVar("Result")

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Where everything is kept; .annal if neither this nor ANNAL_DATA_DIR says."),
]


def settings(data_dir: Path | None, *, running: bool = True) -> Settings:
    return load(running=running, **({"data_dir": data_dir} if data_dir else {}))


def role(data_dir: Path | None) -> Settings:
    """Settings that name every server; whoever lacks one hears it before seconds of importing."""
    found = settings(data_dir)
    for name in ADDRESSES:
        address(found, name)
    return found


def run(work: Coroutine[Any, Any, Result]) -> Result:
    import asyncio  # noqa: PLC0415 - half of the time that `annal --help` takes

    return asyncio.run(work)
