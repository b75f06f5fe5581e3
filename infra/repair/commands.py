"""The commands `annal projection` and `annal quarantine`: what each of them takes."""

import os
from typing import Annotated, Literal

import typer
from rich.console import Console

from infra.terminal import DataDir, role, run

projection = typer.Typer(help="The versions of read models: build, compare, switch, roll back.", no_args_is_help=True)
quarantine = typer.Typer(help="Facts that could not be applied: see, try, resume, skip.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The projection, such as resource.")]
Subject = Annotated[str, typer.Argument(help="The subject that is held back.")]
Reason = Annotated[str, typer.Option(help="Why; it stays on record.")]


@projection.command("list")
def list_(data_dir: DataDir = None) -> None:
    """Show every version of every read model: its rows and size, how far it is, and which Annal made it."""
    settings = role(data_dir)
    from infra.repair import listing  # noqa: PLC0415

    run(listing.show_versions(settings, Console()))


@projection.command()
def lag(data_dir: DataDir = None) -> None:
    """Show what projections and consumer groups have still to read; exit code 1 if a fact or a row is wrong."""
    settings = role(data_dir)
    from infra.repair import listing  # noqa: PLC0415

    raise typer.Exit(run(listing.show_lag(settings, Console())))


@projection.command()
def build(
    name: Name,
    data_dir: DataDir = None,
    *,
    rate: Annotated[float, typer.Option(help="Facts a second at the most.", min=1)] = 5_000,
) -> None:
    """Fill a second version beside the live one, by the rules of this program; again, to go on where it was."""
    settings = role(data_dir)
    os.nice(10)  # Others go first, also while all of this is imported.
    from infra.repair import building  # noqa: PLC0415

    building.collect_seldom()
    run(building.build(settings, name, rate, Console(soft_wrap=True)))


@projection.command()
def compare(name: Name, data_dir: DataDir = None) -> None:
    """Compare the second version with the live one row by row, at the same places; exit code 1 if a row differs."""
    settings = role(data_dir)
    from infra.repair import building  # noqa: PLC0415

    raise typer.Exit(run(building.compare_versions(settings, name, Console(soft_wrap=True))))


@projection.command()
def switch(name: Name, data_dir: DataDir = None, *, reason: Reason = "") -> None:
    """Let people read the second version, and keep the one before."""
    settings = role(data_dir)
    from infra.repair import switching  # noqa: PLC0415

    run(switching.switch(settings, name, reason, Console(soft_wrap=True)))


@projection.command()
def rollback(name: Name, data_dir: DataDir = None, *, reason: Reason = "") -> None:
    """Undo a switch: people read the version before, which knows by then all that the other does."""
    settings = role(data_dir)
    from infra.repair import switching  # noqa: PLC0415

    run(switching.roll_back(settings, name, reason, Console(soft_wrap=True)))


@projection.command()
def drop(
    name: Name,
    which: Annotated[Literal["next", "before"], typer.Argument(help="Which version.")],
    data_dir: DataDir = None,
    *,
    reason: Reason = "",
) -> None:
    """Drop a version that nobody reads."""
    settings = role(data_dir)
    from infra.repair import switching  # noqa: PLC0415

    run(switching.drop(settings, name, which, reason, Console(soft_wrap=True)))


@quarantine.command("list")
def list_held(data_dir: DataDir = None) -> None:
    """Show the subjects that projections hold back; exit code 1 if there is one."""
    settings = role(data_dir)
    from infra.repair import releasing  # noqa: PLC0415

    raise typer.Exit(run(releasing.show_all(settings, Console())))


@quarantine.command()
def show(name: Name, subject: Subject, data_dir: DataDir = None) -> None:
    """Show the facts of a subject that are held, each with its error; what is sealed stays sealed."""
    settings = role(data_dir)
    from infra.repair import releasing  # noqa: PLC0415

    run(releasing.show(settings, name, subject, Console(soft_wrap=True)))


@quarantine.command("try")
def try_(name: Name, subject: Subject, data_dir: DataDir = None) -> None:
    """Apply the held facts of a subject, say what comes of it, and change nothing; exit code 1 if some stay held."""
    _resume(name, subject, data_dir, dry=True)


@quarantine.command()
def resume(name: Name, subject: Subject, data_dir: DataDir = None) -> None:
    """Apply the held facts of a subject in their order; exit code 1 if some stay held."""
    _resume(name, subject, data_dir, dry=False)


@quarantine.command()
def skip(
    name: Name,
    position: Annotated[str, typer.Argument(help="Where the fact stands, such as resource:3:17.")],
    data_dir: DataDir = None,
    *,
    reason: Annotated[str, typer.Option(help="Why; it stays on record.")],
) -> None:
    """Let a projection go without a fact that cannot be applied, and resume its subject; the reason stays on record."""
    settings = role(data_dir)
    from infra.repair import releasing  # noqa: PLC0415

    raise typer.Exit(run(releasing.skip(settings, name, position, reason, Console(soft_wrap=True))))


def _resume(name: str, subject: str, data_dir: DataDir, *, dry: bool) -> None:
    settings = role(data_dir)
    from infra.repair import releasing  # noqa: PLC0415

    raise typer.Exit(run(releasing.resume(settings, name, subject, Console(soft_wrap=True), dry=dry)))
