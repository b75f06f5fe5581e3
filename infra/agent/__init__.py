"""The command `annal agent`: what concerns the one who talks; each of its commands is a file here."""

import typer

from infra.agent import character, conversations
from infra.agent.eval import evaluate
from infra.agent.learn import index, learn
from infra.agent.talking import chat, run

app = typer.Typer(help="The one who talks.", no_args_is_help=True)
app.command()(run)
app.command()(chat)
app.command()(learn)
app.command()(index)
app.command("eval")(evaluate)
app.command("test")(conversations.try_out)
app.command()(conversations.promote)
app.command()(conversations.replay)
app.add_typer(character.app, name="character")
