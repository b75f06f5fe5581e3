"""The commands `annal agent test`, `promote` and `replay`: what they take."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra import terminal
from infra.agent.options import Door, Token, Url
from infra.terminal import DataDir


def try_out(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER…", help="Conversation tests, in YAML.")],
    data_dir: DataDir = None,
    *,
    token: Token = "",
    url: Url = None,
    repeat: Annotated[int, typer.Option(min=1, help="Run each so many times; it passes if it does each time.")] = 1,
) -> None:
    """Have the conversations of tests with the agent; exit code 1 if one goes otherwise. They begin anew each time."""
    from infra.agent import testing  # noqa: PLC0415 - whoever asks for help waits for no library

    there = Door((url or terminal.settings(data_dir).url).rstrip("/"), token)
    raise typer.Exit(terminal.run(testing.run_all(there, paths, repeat, Console(soft_wrap=False))))
