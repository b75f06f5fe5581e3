"""Makes documents of files, over HTTP as their owner would: one resource a file, of as many parts as it takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.knowledge import files
from agent.knowledge.document import KIND
from infra.agent.options import Door
from infra.agent.remote import Refused, ask
from infra.bars import progress_bar
from infra.settings import Unusable

SCHEMA = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string"},
        "media_type": {"type": "string"},
        "path": {"type": "string"},
        "part": {"type": "integer", "minimum": 1},
    },
}
"""What a document has, if nobody has defined the kind yet."""

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Learnt:
    """What became of a file."""

    path: str
    parts: int
    became: str
    refused: bool = False


async def learn(there: Door, paths: Sequence[Path], share: Sequence[str], console: Console) -> int:
    """Learn files and show what became of each; give 1 if one could not be. Raises Unusable."""
    found = list(dict.fromkeys(file for path in paths for file in _files(path)))
    learner = Learner(there, share)
    await learner.begin()
    with progress_bar(console) as progress:
        learnt = [await learner.learn(file) for file in progress.track(found, description="Files")]
    table = Table("file", "parts", "became", box=None)
    for each in learnt:
        table.add_row(each.path, str(each.parts or ""), Text(each.became, "red" if each.refused else ""))
    console.print(table)
    return int(any(each.refused for each in learnt))


class Learner:
    """Asks the doors for whoever learns."""

    def __init__(self, there: Door, share: Sequence[str]) -> None:
        self._there, self._share = there, share
        self._account = ""

    async def begin(self) -> None:
        """Learn who asks, and define the kind of documents if nobody has. Raises Unusable."""
        me = await self._find("/v1/accounts/me")
        # Whoever plays with --dev-login has no account, and one name for a file with all who do.
        self._account = me["account_id"] if me is not None else ""
        if await self._find(f"/v1/kinds/{KIND}") is None:
            await self._command("kind.define", kind=KIND, json_schema=SCHEMA)

    async def learn(self, path: Path) -> Learnt:
        """Make documents of a file, and let those be trash that it does not need any more. Raises Unusable."""
        name = named(path)
        try:
            said = files.read(path)
        except files.Unreadable as error:
            return Learnt(name, 0, str(error), refused=True)
        except OSError as error:
            return Learnt(name, 0, f"It cannot be read ({error.strerror}).", refused=True)
        texts = files.parts(said.text)
        try:
            became = {await self._part(name, said, n, text, len(texts)) for n, text in enumerate(texts, 1)}
            if await self._trash_from(name, len(texts) + 1):
                became.add("changed")
        except Refused as refused:
            return Learnt(name, len(texts), str(refused), refused=True)
        order = ("changed", "learnt", "shared", "unchanged")
        return Learnt(name, len(texts), next(each for each in order if each in became))

    async def _part(self, name: str, said: files.Text, n: int, text: str, of: int) -> str:
        """Register or change one document; say what became of it. Raises Refused."""
        id_, title = self._id(name, n), _title(name, n, of)
        attributes = {"text": text, "media_type": said.media_type, "path": name, "part": n}
        row = await self._find(f"/v1/resources/{id_}")
        if row is None:
            await self._command("resource.register", resource_id=id_, kind=KIND, name=title, attributes=attributes)
            readers, became = [], "learnt"
        else:
            readers, became = [*row["editors"], *row["viewers"]], await self._change(row, title, attributes)
        for account in self._share:
            if account not in readers:
                await self._command("resource.share", resource_id=id_, account=account, role="viewer")
                became = "shared" if became == "unchanged" else became
        return became

    async def _change(self, row: dict[str, Any], title: str, attributes: dict[str, Any]) -> str:
        id_, before = row["resource_id"], (row["trashed"], row["attributes"], row["name"])
        if before == (False, attributes, title):
            return "unchanged"
        if row["trashed"]:
            await self._command("resource.restore", resource_id=id_)
        if row["attributes"] != attributes:
            await self._command("resource.change", resource_id=id_, patch=attributes)
        if row["name"] != title:
            await self._command("resource.rename", resource_id=id_, name=title)
        return "changed"

    async def _trash_from(self, name: str, n: int) -> bool:
        """Trash the parts that a longer file had; say whether there were any. Raises Refused."""
        row = await self._find(f"/v1/resources/{self._id(name, n)}")
        if row is None or row["trashed"]:
            return False
        await self._command("resource.trash", resource_id=row["resource_id"])
        await self._trash_from(name, n + 1)
        return True

    async def _find(self, path: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = await self._ask("GET", path)
        except Refused as refused:
            if refused.status == 404:  # noqa: PLR2004 - there is none
                return None
            raise
        return found

    def _id(self, name: str, n: int) -> str:
        """Give the id that a part of a file has for whoever learns it, time and again."""
        return str(uuid5(NAMESPACE_URL, f"urn:annal:document:{self._account}:{n}:{name}"))

    async def _command(self, type_: str, **body: Any) -> None:
        await self._ask("POST", f"/v1/commands/{type_}", body)

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        return await ask(*self._there, method, path, body)


def named(path: Path) -> str:
    """Give the name of a file: from here on if it is below here, else all of its path."""
    whole, here = path.resolve(), Path.cwd()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else whole.as_posix()


def _files(path: Path) -> Iterator[Path]:
    """Give a file, or those of a folder that can be read. Raises Unusable."""
    if path.is_dir():
        inside = (each for each in sorted(path.rglob("*")) if each.is_file() and each.suffix.lower() in files.TYPES)
        yield from (each for each in inside if not _hidden(each.relative_to(path)))
    elif path.is_file():
        yield path
    else:
        raise Unusable(f"{path} is not there: name files or folders.")


def _hidden(path: Path) -> bool:
    return any(step.startswith(".") for step in path.parts)


def _title(name: str, n: int, of: int) -> str:
    part = f" ({n} of {of})" if of > 1 else ""
    return name[-(LONGEST_NAME - len(part)) :].strip() + part
