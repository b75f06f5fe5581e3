"""The commands `annal agent character`: characters are loaded, shown and taken along, as their users do it."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from infra.agent.options import Door, Token, Url, door
from infra.settings import Unusable
from infra.terminal import DataDir, run

app = typer.Typer(help="Whom the agent speaks as: files as ElizaOS writes them.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The character's id.")]


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

    there = door(data_dir, url, token)
    try:
        document, files = folder.read(file)
        told = report(reading.load(document, files), files)
    except Unreadable as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        raise Unusable(f"{file} cannot be read ({error.strerror}): name the character's file.") from None
    sent: dict[str, Any] = {"document": document, "files": files} | ({"character_id": under} if under else {})
    outcome = _ask(there, "POST", "/v1/commands/character.load", sent)
    became = "is loaded" if outcome["facts"] else "was loaded so already"
    _say([*told, f"{outcome['character_id']} {became}: version {outcome['version']}, at {outcome['position']}."])


@app.command()
def show(character_id: Id, data_dir: DataDir = None, *, token: Token = "", url: Url = None) -> None:
    """Say what is used of a character, and who loaded it when."""
    from agent.characters.reading import load  # noqa: PLC0415
    from agent.characters.report import report  # noqa: PLC0415

    row = _ask(door(data_dir, url, token), "GET", _path(character_id))
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
    there, path = door(data_dir, url, token), _path(character_id)
    document = _ask(there, "GET", f"{path}/export?secrets=true") if secrets else _ask(there, "GET", path)["document"]
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _path(character_id: str) -> str:
    return f"/v1/characters/{quote(character_id, safe='')}"


def _ask(there: Door, method: str, path: str, body: Any = None) -> Any:
    from infra.agent import remote  # noqa: PLC0415

    return run(remote.ask(*there, method, path, body))


def _say(sentences: list[str]) -> None:
    console = Console(soft_wrap=True)
    for sentence in sentences:
        console.print(escape(sentence), highlight=False)
