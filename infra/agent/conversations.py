"""The commands `annal agent test`, `promote` and `replay`: what they take."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra import terminal
from infra.agent.options import Door, Token, Url, address, door
from infra.terminal import DataDir


def try_out(  # noqa: PLR0913 - what a terminal may say
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER…", help="Conversation tests, in YAML.")],
    data_dir: DataDir = None,
    *,
    token: Token = "",
    url: Url = None,
    repeat: Annotated[int, typer.Option(min=1, help="Run each so many times; it passes if it does each time.")] = 1,
    model: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            metavar="PORT",
            help="Be the agent's model at this port: say what messages mean, in many wordings, and now and then badly.",
        ),
    ] = None,
) -> None:
    """Have the conversations of tests with the agent; exit code 1 if one goes otherwise. They begin anew each time."""
    from infra.agent import rounds  # noqa: PLC0415 - whoever asks for help waits for no library

    there = Door(address(data_dir, url), token)
    raise typer.Exit(terminal.run(rounds.run_all(there, paths, repeat, model, Console(soft_wrap=False))))


def promote(  # noqa: PLR0913 - what a terminal may say
    conversation: Annotated[str, typer.Argument(metavar="CONVERSATION", help="The conversation's id.")],
    data_dir: DataDir = None,
    *,
    token: Token = "",
    url: Url = None,
    to: Annotated[Path | None, typer.Option(help="Write the test into this file; shown if not said.")] = None,
    title: Annotated[str | None, typer.Option(help="What the test is called; by the conversation if not said.")] = None,
) -> None:
    """Make a test of a conversation of yours: what was said, understood, asked and answered is what it wants again."""
    there = door(data_dir, url, token)
    from agent.script import written  # noqa: PLC0415 - whoever asks for help waits for no library
    from infra.agent import promote as promoting  # noqa: PLC0415

    text = written(terminal.run(promoting.promote(there, conversation, title or f"as in {conversation}")))
    if to is None:
        typer.echo(text, nl=False)
    else:
        to.write_text(text)
        typer.echo(f"Written to {to}. Run it with `annal agent test {to}`.")


def replay(
    conversation: Annotated[str, typer.Argument(metavar="CONVERSATION", help="The conversation's id.")],
    data_dir: DataDir = None,
    *,
    token: Token = "",
    url: Url = None,
    understanding: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What understands, as an agent kept it before; what would be taught now."),
    ] = None,
) -> None:
    """Decide the turns of a conversation of yours anew, as messages are understood here and now, and show what differs.

    Nothing is asked of anybody; exit code 1 if something differs.
    """
    there = door(data_dir, url, token)
    from infra.agent import replaying  # noqa: PLC0415 - it brings a model

    of_today = replaying.of_today(terminal.settings(data_dir).cache_dir / "agent")
    understands = of_today if understanding is None else replaying.of_file(understanding)
    raise typer.Exit(terminal.run(replaying.replay(there, conversation, understands, Console())))
