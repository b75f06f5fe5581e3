"""The commands `annal checkpoint`, `annal export` and `annal verify`: what each of them takes."""

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra.settings import Unusable
from infra.terminal import DataDir, role
from infra.terminal import settings as settings_of

Key = Annotated[str | None, typer.Option("--key", metavar="PUBKEY", help="The public key that must have signed it.")]
Kept = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", metavar="FILE_OR_DIR", help="Checkpoints that were kept elsewhere; may be repeated."),
]
FACTS = "Which facts; all if none is named"


def checkpoint(
    data_dir: DataDir = None,
    *,
    key: Annotated[bool, typer.Option("--key", help="Only show the public key that signs checkpoints.")] = False,
) -> None:
    """Sign how far every journal goes now, for a file to be kept elsewhere; one is made every minute in any case."""
    settings = role(data_dir)
    from infra.prove import command  # noqa: PLC0415

    raise typer.Exit(command.checkpoint(settings, Console(soft_wrap=True), key=key))


def export(  # noqa: PLR0913 - what can be asked for
    out: Annotated[Path, typer.Option(help="The file to write.")],
    data_dir: DataDir = None,
    *,
    format_: Annotated[
        str | None, typer.Option("--format", help="ndjson, csv or parquet; else the file's name says.")
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Such as resource.", rich_help_panel=FACTS)] = None,
    subject: Annotated[str | None, typer.Option(help="Such as invoice-7.", rich_help_panel=FACTS)] = None,
    type_: Annotated[
        str | None, typer.Option("--type", help="Such as resource.renamed.", rich_help_panel=FACTS)
    ] = None,
    actor: Annotated[str | None, typer.Option(help="The account that asked.", rich_help_panel=FACTS)] = None,
    since: Annotated[str | None, typer.Option(help="Such as 2026-11-26T20:30:00Z.", rich_help_panel=FACTS)] = None,
    until: Annotated[str | None, typer.Option(help="The first moment left out.", rich_help_panel=FACTS)] = None,
) -> None:
    """Write facts into a file with their proof, which `annal verify FILE` needs nothing else to verify."""
    settings = role(data_dir)
    from infra.prove import command  # noqa: PLC0415
    from infra.prove.selecting import Filter, moment  # noqa: PLC0415

    moments = (moment(each) if each is not None else None for each in (since, until))
    wanted = Filter(domain, subject, type_, actor, *moments)
    raise typer.Exit(command.export(settings, Console(soft_wrap=True), wanted, out, format_))


def verify(  # noqa: PLR0913 - what can be verified
    file: Annotated[Path | None, typer.Argument(help="An export; without one, what Kafka and PostgreSQL hold.")] = None,
    data_dir: DataDir = None,
    *,
    checkpoint: Kept = None,
    key: Key = None,
    journal: Annotated[str | None, typer.Option(help="Only this journal, such as resource:3, or domain.")] = None,
    since: Annotated[int, typer.Option(help="Only what came after the checkpoint of this number.", min=0)] = 0,
) -> None:
    """Verify an export with nothing but its file, or all that there is; exit code 1 if anything is wrong."""
    from infra.prove import command  # noqa: PLC0415

    console = Console(soft_wrap=True)
    if key is not None and re.fullmatch("[0-9a-f]{64}", key) is None:
        raise Unusable(f"--key {key} is no public key: give the 64 digits that `annal checkpoint --key` shows.")
    if file is not None:
        if journal is not None or since:
            raise Unusable("An export is verified whole: leave out --journal and --since.")
        raise typer.Exit(command.verify(console, file, checkpoint or (), key))
    settings = role(data_dir) if key is None else settings_of(data_dir)
    raise typer.Exit(command.verify_all(settings, console, key, (journal, since), checkpoint or ()))
