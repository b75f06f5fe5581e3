"""The commands `annal agent character`: characters are loaded, shown and taken along, as their users do it."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from infra.settings import Unusable
from infra.terminal import DataDir, run, settings

app = typer.Typer(help="Whom the agent speaks as: files as ElizaOS writes them.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The character's id.")]
Token = Annotated[
    str,
    typer.Option(envvar="ANNAL_TOKEN", help="An access token or an API key; see docs/identity.md.", show_default=False),
]
Url = Annotated[str | None, typer.Option(envvar="ANNAL_URL", help="Where the doors are; on this machine if not said.")]


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="The character, in JSON.")],
    data_dir: DataDir = None,
    *,
    token: Token = "",
    url: Url = None,
    under: Annotated[
        str | None, typer.Option("--id", help="Under which id; that of the document, or one made of its name.")
    ] = None,
) -> None:
    """Load a character, or its next version, with the knowledge in its folder; say what is used of it."""
    from agent.characters import folder, reading  # noqa: PLC0415
    from agent.characters.report import report  # noqa: PLC0415
    from agent.characters.unreadable import Unreadable  # noqa: PLC0415

    try:
        document, files = folder.read(file)
        told = report(reading.load(document, files), files)
    except Unreadable as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        raise Unusable(f"{file} cannot be read ({error.strerror}): name the character's file.") from None
    sent: dict[str, Any] = {"document": document, "files": files} | ({"character_id": under} if under else {})
    outcome = _ask(data_dir, url, token, "POST", "/v1/commands/character.load", sent)
    became = "is loaded" if outcome["facts"] else "was loaded so already"
    _say([*told, f"{outcome['character_id']} {became}: version {outcome['version']}, at {outcome['position']}."])


@app.command()
def show(character_id: Id, data_dir: DataDir = None, *, token: Token = "", url: Url = None) -> None:
    """Say what is used of a character, and who loaded it when."""
    from agent.characters.reading import load  # noqa: PLC0415
    from agent.characters.report import report  # noqa: PLC0415

    row = _ask(data_dir, url, token, "GET", f"/v1/characters/{quote(character_id, safe='')}")
    told = report(load(row["document"], row["files"]), row["files"])
    became = "retired" if row["retired"] else "loaded"
    _say([*told, f"Version {row['version']} was {became} at {row['updated_time']}; it is {row['owner']}'s."])


@app.command()
def export(
    character_id: Id,
    data_dir: DataDir = None,
    *,
    token: Token = "",
    url: Url = None,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="With its secrets; for its owner, and who may export those of others.")
    ] = False,
) -> None:
    """Write a character's document to the standard output, as ElizaOS reads it."""
    path = f"/v1/characters/{quote(character_id, safe='')}"
    if secrets:
        document = _ask(data_dir, url, token, "GET", f"{path}/export?secrets=true")
    else:
        document = _ask(data_dir, url, token, "GET", path)["document"]
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _ask(data_dir: Path | None, url: str | None, token: str, method: str, path: str, body: Any = None) -> Any:  # noqa: PLR0913, PLR0917 - a request and where it goes
    from infra.agent import remote  # noqa: PLC0415

    if not token:
        raise Unusable("Say who asks: give --token, or set ANNAL_TOKEN, to an access token or an API key.")
    return run(remote.ask((url or settings(data_dir).url).rstrip("/"), token, method, path, body))


def _say(sentences: list[str]) -> None:
    console = Console(soft_wrap=True)
    for sentence in sentences:
        console.print(escape(sentence))
