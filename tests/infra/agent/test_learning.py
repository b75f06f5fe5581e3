"""What becomes of files that are learnt, with the rules of resources behind the door."""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from fastapi import FastAPI, Request, Response
from rich.console import Console
from starlette.responses import JSONResponse

from agent.knowledge import files
from commands.decider import Asking, Refused
from commands.resource import Resource, decider
from infra.agent.learning import SCHEMA, Learner, learn, named
from infra.agent.options import Door
from infra.settings import Unusable
from schemas.message import Actor
from schemas.resource import DOMAIN
from tests.served import served

KINDS = MappingProxyType({("document", 1): SCHEMA})
COMMANDS = {command.type: command for command in DOMAIN.commands}


class Doors:
    """Doors that alice asks: to one kind, and to resources that keep to their rules."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.states: dict[str, Resource] = {}
        self.asked: list[str] = []

    async def answer(self, request: Request) -> Response:
        *_, domain, name = request.url.path.split("/")
        if request.method == "POST":
            return self._do(name, await request.json())
        found: Any = {"account_id": "alice"} if domain == "accounts" else None
        if domain == "kinds" and name in self.kinds:
            found = {}
        if domain == "resources" and name in self.states:
            found = self._row(name)
        return JSONResponse({"detail": "There is none."}, 404) if found is None else JSONResponse(found)

    def _do(self, type_: str, body: dict[str, Any]) -> Response:
        self.asked.append(type_)
        if type_ == "kind.define":
            self.kinds.add(body["kind"])
            return JSONResponse({})
        if type_ == "resource.register":
            body |= {"kind_version": 1, "kind_position": 0}
        id_ = body["resource_id"]
        state = self.states.get(id_, decider.initial)
        try:
            facts = decider.decide(state, COMMANDS[type_](**body), Asking(Actor(id="alice"), 0, KINDS))
        except Refused as refused:
            return JSONResponse({"detail": refused.reason}, 409)
        for fact in facts:
            state = decider.evolve(state, fact)
        self.states[id_] = state
        return JSONResponse({})

    def _row(self, id_: str) -> dict[str, Any]:
        state = self.states[id_]
        roles = {role: [each for each, has in state.roles.items() if has == role] for role in ("editor", "viewer")}
        return {
            "resource_id": id_,
            "name": state.content.name,
            "attributes": orjson.loads(state.content.attributes),
            "trashed": state.trashed,
            "editors": roles["editor"],
            "viewers": roles["viewer"],
        }


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture
def door(doors: Doors) -> Iterator[Door]:
    app = FastAPI()
    app.add_api_route("/{path:path}", doors.answer, methods=["GET", "POST"])
    with served(app) as url:
        yield Door(url, "a-token")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with one file, from which the command is run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").write_text("# Boats\n\nThe ferry leaves at seven.")
    return tmp_path


async def learnt(door: Door, path: Path, *share: str) -> str:
    learner = Learner(door, share)
    await learner.begin()
    return (await learner.learn(path)).became


async def test_a_file_becomes_a_document_of_ones_own(door: Door, doors: Doors, folder: Path) -> None:
    assert await learnt(door, folder / "notes.md") == "learnt"
    assert doors.asked == ["kind.define", "resource.register"]
    (state,) = doors.states.values()
    assert (state.owner, state.kind, state.content.name) == ("alice", "document", "notes.md")
    assert orjson.loads(state.content.attributes) == {
        "text": "# Boats\n\nThe ferry leaves at seven.",
        "media_type": "text/markdown",
        "path": "notes.md",
        "part": 1,
    }


async def test_a_file_that_did_not_change_is_left_alone(door: Door, doors: Doors, folder: Path) -> None:
    await learnt(door, folder / "notes.md")
    doors.asked.clear()
    assert await learnt(door, folder / "notes.md") == "unchanged"
    assert doors.asked == []


async def test_a_file_that_changed_is_the_same_document_in_another_version(
    door: Door, doors: Doors, folder: Path
) -> None:
    await learnt(door, folder / "notes.md")
    (folder / "notes.md").write_text("The ferry leaves at eight.")
    assert await learnt(door, folder / "notes.md") == "changed"
    (state,) = doors.states.values()
    assert (state.version, orjson.loads(state.content.attributes)["text"]) == (2, "The ferry leaves at eight.")


async def test_a_document_in_the_trash_comes_back(door: Door, doors: Doors, folder: Path) -> None:
    await learnt(door, folder / "notes.md")
    (id_,) = doors.states
    doors._do("resource.trash", {"resource_id": id_})
    assert await learnt(door, folder / "notes.md") == "changed"
    assert not doors.states[id_].trashed


async def test_a_document_is_shared_once(door: Door, doors: Doors, folder: Path) -> None:
    await learnt(door, folder / "notes.md", "bob")
    doors.asked.clear()
    assert await learnt(door, folder / "notes.md", "bob", "carol") == "shared"
    assert doors.asked == ["resource.share"]
    (state,) = doors.states.values()
    assert state.roles == {"bob": "viewer", "carol": "viewer"}


async def test_a_long_file_is_as_many_documents_as_it_takes(
    door: Door, doors: Doors, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.parts, "__defaults__", (100,))
    (folder / "notes.md").write_text("\n\n".join(["A paragraph of some fifty characters stands here."] * 5))
    assert await learnt(door, folder / "notes.md") == "learnt"
    assert [state.content.name for state in doors.states.values()] == [f"notes.md ({n} of 5)" for n in range(1, 6)]
    (folder / "notes.md").write_text("Short.")
    assert await learnt(door, folder / "notes.md") == "changed"
    assert [state.trashed for state in doors.states.values()] == [False, True, True, True, True]


async def test_what_is_refused_is_told_and_the_others_are_learnt(
    door: Door, doors: Doors, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.pdf").write_bytes(b"no PDF")
    (folder / "picture.png").write_bytes(b"")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "b.md").write_text("Hidden.")
    assert await learn(door, [folder], [], Console(width=200)) == 1
    told = capsys.readouterr().out
    assert "It cannot be read as PDF" in told
    assert [state.content.name for state in doors.states.values()] == ["notes.md"]


async def test_a_file_that_cannot_be_read_is_told_of(door: Door, folder: Path) -> None:
    (folder / "folder.md").mkdir()
    assert await learnt(door, folder / "folder.md") == "It cannot be read (Is a directory)."


async def test_alice_cannot_be_shared_with_herself_and_is_told_why(door: Door, folder: Path) -> None:
    assert "The owner may do everything already" in await learnt(door, folder / "notes.md", "alice")


async def test_a_file_that_is_not_there_is_one_sentence(door: Door, folder: Path) -> None:
    with pytest.raises(Unusable, match="is not there"):
        await learn(door, [folder / "nothing.md"], [], Console())


def test_a_file_is_named_from_here_on(folder: Path) -> None:
    assert named(folder / "notes.md") == "notes.md"
    assert named(Path("/etc/hostname")) == "/etc/hostname"
