"""The command `annal replay`: what it takes."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra.terminal import DataDir, settings

WHICH = "Which records; all if none is named"
PLACE = "Where to; the standard output if nowhere else"
Many = list[str] | None


def replay(  # noqa: PLR0913 - what can be asked for
    topics: Annotated[
        Many, typer.Argument(help="Domains, for their facts, or topics such as resource.commands; all facts if none.")
    ] = None,
    data_dir: DataDir = None,
    *,
    since: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="WHERE",
            help="The first: a position such as resource:3:57, several with commas between, or a moment.",
            rich_help_panel=WHICH,
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="WHERE", help="The last, likewise.", rich_help_panel=WHICH)
    ] = None,
    type_: Annotated[
        Many, typer.Option("--type", help="Such as resource.renamed; may be repeated.", rich_help_panel=WHICH)
    ] = None,
    subject: Annotated[Many, typer.Option(help="Such as invoice-7; may be repeated.", rich_help_panel=WHICH)] = None,
    actor: Annotated[
        Many, typer.Option(help="Who asked, or on whose behalf; may be repeated.", rich_help_panel=WHICH)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file, of a line of JSON each.", rich_help_panel=PLACE)
    ] = None,
    to_topic: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another topic: the records as they are.", rich_help_panel=PLACE)
    ] = None,
    to_projection: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A version of a read model beside the live one.", rich_help_panel=PLACE),
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Records a second at the most.", min=1)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a file that was begun.")] = False,
) -> None:
    """Read a range of topics again, each partition in its order, and write it elsewhere; sealed text stays sealed."""
    from infra.replaying import command  # noqa: PLC0415
    from infra.replaying.asked import Words  # noqa: PLC0415

    words = Words(topics or (), since, until, type_ or (), subject or (), actor or ())
    where = command.Where(None if out == Path("-") else out, to_topic, to_projection, rate, dry_run, resume)
    raise typer.Exit(command.run(settings(data_dir), words, where, Console(stderr=True, soft_wrap=True)))
