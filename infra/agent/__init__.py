"""The command `annal agent`: what concerns the one who talks; each of its commands is a file here."""

import typer

from infra.agent.eval import evaluate

app = typer.Typer(help="The one who talks.", no_args_is_help=True)
app.command("eval")(evaluate)
