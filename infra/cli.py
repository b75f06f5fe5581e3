"""The command `annal`: what each of its commands takes; what it does stands in a module that it alone imports."""

import errno
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from infra import agent, audit
from infra.prove import commands as proofs
from infra.repair import commands
from infra.replaying.commands import replay
from infra.settings import Unusable
from infra.terminal import DataDir
from infra.terminal import role as _role
from infra.terminal import run as _run
from infra.terminal import settings as _settings

app = typer.Typer(
    name="annal",
    help="Every change is a command, every accepted command leaves facts, everything read is built from them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(commands.projection, name="projection")
app.add_typer(commands.quarantine, name="quarantine")
app.add_typer(audit.app, name="audit")
app.add_typer(agent.app, name="agent")
for proof in (proofs.checkpoint, proofs.export, proofs.verify):
    app.command()(proof)
app.command()(replay)

admin = typer.Typer(help="Who runs this service.", no_args_is_help=True)
app.add_typer(admin, name="admin")


@app.command()
def up(
    data_dir: DataDir = None,
    *,
    dev_login: Annotated[
        bool, typer.Option("--dev-login", help="Let anybody sign in as anybody at /v1/dev/login, for play.")
    ] = False,
) -> None:
    """Start everything on this machine: servers that are not named by settings, worker, projections and doors."""
    from infra import up  # noqa: PLC0415

    # Not `load`: whatever an earlier `annal up` left behind is not what this one shall use.
    settings = _settings(data_dir, running=False)
    if dev_login:
        settings = settings.model_copy(update={"dev_login": True})
    up.run(settings, Console(soft_wrap=True))


@app.command()
def api(data_dir: DataDir = None) -> None:
    """Run the doors: HTTP for commands and queries."""
    settings = _role(data_dir)
    from infra import serve  # noqa: PLC0415

    serve.api(settings)


@app.command()
def worker(data_dir: DataDir = None) -> None:
    """Run a worker: it decides commands."""
    settings = _role(data_dir)
    from infra import worker  # noqa: PLC0415

    worker.run(settings)


@app.command()
def project(
    data_dir: DataDir = None,
    *,
    anew: Annotated[bool, typer.Option("--anew", help="Fill the tables again if their definition changed.")] = False,
) -> None:
    """Run the projections: they write facts into the read models."""
    settings = _role(data_dir)
    from infra import serve  # noqa: PLC0415

    serve.project(settings, anew=anew)


@app.command()
def topics(
    data_dir: DataDir = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Create nothing.")] = False,
) -> None:
    """Create the topics that are missing and check them all; exit code 1 if one differs from what it must be."""
    from infra import status  # noqa: PLC0415

    raise typer.Exit(_run(status.topics(_settings(data_dir), Console(), create=not check)))


@app.command()
def access(
    data_dir: DataDir = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing.")] = False,
    rotate: Annotated[str | None, typer.Option(metavar="USER", help="Only give this user a new password.")] = None,
) -> None:
    """Make Kafka's users and their rights as they must be; exit code 1 if one then differs."""
    settings = _settings(data_dir)
    from infra import grant  # noqa: PLC0415

    if rotate is None:
        raise typer.Exit(grant.run(settings, Console(), check=check))
    raise typer.Exit(grant.rotate(settings, Console(), rotate))


@app.command()
def status(data_dir: DataDir = None) -> None:
    """Show which servers answer and how far each partition is decided and projected; exit code 1 if one does not."""
    from infra import status  # noqa: PLC0415

    raise typer.Exit(_run(status.show(_settings(data_dir), Console())))


@admin.command("create")
def create_admin(
    address: Annotated[str, typer.Option(prompt=True, help="The mail address to sign in with.")],
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, confirmation_prompt=True, envvar="ANNAL_ADMIN_PASSWORD", help="Asked for."
        ),
    ],
    data_dir: DataDir = None,
) -> None:
    """Open an account that may do everything, or let the account that has this address do so."""
    settings = _role(data_dir)
    from infra import admin  # noqa: PLC0415

    Console(soft_wrap=True).print(_run(admin.create(settings, address, password)))


@admin.command("rewrap")
def rewrap(data_dir: DataDir = None) -> None:
    """Wrap all keys of the vault with the first of ANNAL_MASTER_KEY; then the others are needed no more."""
    settings = _role(data_dir)
    from infra import admin  # noqa: PLC0415

    Console(soft_wrap=True).print(_run(admin.rewrap(settings)))


@app.command()
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help="Rows, or the beginnings of their names; all if none.")
    ] = None,
    *,
    json: Annotated[Path | None, typer.Option("--json", help="Write the rows into this file, too.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show what can be measured, and measure nothing.")] = False,
) -> None:
    """Measure how fast it is, beside the least that any program would take; about ten minutes."""
    from infra.bench import run  # noqa: PLC0415

    if list_:
        run.list_all(Console())
    else:
        raise typer.Exit(run.run(names or (), json, Console()))


@app.command()
def faults(
    *,
    minutes: Annotated[float, typer.Option(help="How long things are broken.", min=0.1)] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Draws what is asked and broken; any if none is given.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write what was found into this file, too.")] = None,
) -> None:
    """Break everything, on servers of its own, while people work; check every record; exit code 1 if one is wrong."""
    from infra.faults import command  # noqa: PLC0415

    raise typer.Exit(command.run(minutes, seed, json, Console()))


def main() -> None:
    """Run the command. What a person can mend is one sentence, never a traceback."""
    # Libraries have nothing to tell the person at the terminal; roles, which log, begin to later.
    logging.basicConfig(handlers=[logging.NullHandler()])
    try:
        app()
    except Unusable as error:
        _give_up(str(error))
    except OSError as error:
        if error.errno not in _ADVICE:
            raise
        _give_up(f"{error.filename or error.strerror}: {_ADVICE[error.errno]}")


_ADVICE = {
    errno.EADDRINUSE: "stop what listens there, or set ANNAL_WORKER_PORT or ANNAL_PROJECT_PORT to another.",
    errno.ENOSPC: "no room is left on the disk; make room, or choose another with --data-dir.",
    errno.EDQUOT: "your share of the disk is used up; make room, or choose another disk with --data-dir.",
    errno.EACCES: "you may not write there; choose another directory with --data-dir.",
    errno.EROFS: "the disk is read-only; choose another with --data-dir.",
}


def _give_up(sentence: str) -> None:
    Console(stderr=True, soft_wrap=True).print(f"[red]{escape(sentence)}")
    sys.exit(1)


if __name__ == "__main__":
    main()
