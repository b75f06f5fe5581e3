"""The commands `annal agent test`, `promote` and `replay`: what they take."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra import terminal
from infra.agent.options import Door, Token, Url, address, door
from infra.settings import Unusable
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


def replay(  # noqa: PLR0913 - what a terminal may say
    conversation: Annotated[
        str | None, typer.Argument(metavar="[CONVERSATION]", help="The conversation's id; all of yours if not said.")
    ] = None,
    data_dir: DataDir = None,
    *,
    token: Token = "",
    url: Url = None,
    since: Annotated[
        str | None, typer.Option("--from", help="The first turn: a position such as conversation:3:57, or a moment.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="The last turn, likewise.")] = None,
    understanding: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What understands, as an agent kept it before; what would be taught now."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="A model that helps, of those that ANNAL_AGENT_MODEL_URL has.")
    ] = None,
) -> None:
    """Decide turns of yours anew, as messages are understood here and now, and show what differs.

    They are those of a conversation, of a range of all of yours, or of both. Nothing is asked of anybody but of the
    model, if one is named; exit code 1 if something is decided otherwise.
    """
    if conversation is None and since is None and until is None:
        raise Unusable("Say what is decided anew: name a conversation, or a range with --from and --to.")
    there, settings = door(data_dir, url, token), terminal.settings(data_dir)
    from infra.agent import replay as replaying  # noqa: PLC0415 - it brings a model
    from infra.agent.model import another  # noqa: PLC0415
    from infra.agent.span import span  # noqa: PLC0415

    of_today = replaying.of_today(settings.cache_dir / "agent")
    understands = of_today if understanding is None else replaying.of_file(understanding)
    how = replaying.How(understands, another(settings, model))
    raise typer.Exit(terminal.run(replaying.replay(there, conversation, span(since, until), how, Console())))
