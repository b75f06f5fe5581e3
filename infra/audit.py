"""The command `annal audit`: what its commands take; what they do stands in infra/auditing.py."""

from typing import Annotated

import typer
from rich.console import Console

from infra.terminal import DataDir, role, run

app = typer.Typer(help="Who asked what, and what came of it; each look is put on record.", no_args_is_help=True)


@app.command()
def search(  # noqa: PLR0913, PLR0917 - a filter each
    actor: Annotated[str | None, typer.Option(help="Asked by this account.")] = None,
    on_behalf_of: Annotated[str | None, typer.Option(help="Asked on behalf of this account.")] = None,
    subject: Annotated[str | None, typer.Option(help="About this subject.")] = None,
    domain: Annotated[str | None, typer.Option(help="Of this domain.")] = None,
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="Of this type, or with a fact of it; may be repeated.")
    ] = None,
    address: Annotated[str | None, typer.Option(help="Asked from this network address.")] = None,
    correlation: Annotated[str | None, typer.Option(help="Going back to this request.")] = None,
    status: Annotated[str | None, typer.Option(help="accepted, rejected or expired.")] = None,
    since: Annotated[str | None, typer.Option(help="At this time or later, such as 2026-01-05T09:30:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    limit: Annotated[int, typer.Option(help="How many at the most.", min=1, max=1000)] = 20,
    data_dir: DataDir = None,
) -> None:
    """Show commands with what came of them, the newest first."""
    settings = role(data_dir)
    from infra import auditing  # noqa: PLC0415

    asked = {
        "actor": actor,
        "on_behalf_of": on_behalf_of,
        "subject": subject,
        "domain": domain,
        "type": type_ or [],
        "address": address,
        "correlation": correlation,
        "status": status,
        "since": since,
        "until": until,
    }
    raise typer.Exit(run(auditing.search(settings, Console(), asked, limit)))


@app.command()
def follow(
    command_id: Annotated[str, typer.Argument(help="The command's id, as every answer and every fact has it.")],
    data_dir: DataDir = None,
) -> None:
    """Follow a request to every fact, to what policies asked because of these, and to the read models."""
    settings = role(data_dir)
    from infra import auditing  # noqa: PLC0415

    raise typer.Exit(run(auditing.follow(settings, Console(), command_id)))
