"""What the commands for characters ask of a door, and what they say; the door here is one that remembers."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner

from infra.agent.character import app
from infra.settings import Unusable

ADA: dict[str, Any] = {"name": "Ada", "secrets": {"KEY": "hedgehog"}, "knowledge": [{"path": "prices.md"}]}
ROW = {
    "document": {"name": "Ada", "secrets": {"KEY": "annal:secret:ab"}},
    "files": {},
    "retired": False,
    "version": 2,
    "updated_time": "2026-11-27T06:18:49Z",
    "owner": "alice",
}
OUTCOME = {"character_id": "ada", "facts": ["character.loaded"], "version": 1, "position": "character:0:0"}


class Door:
    """Answers what it was told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, Any]] = []
        self.answers: dict[str, tuple[int, Any]] = {
            "/v1/commands/character.load": (200, OUTCOME),
            "/v1/characters/ada": (200, ROW),
            "/v1/characters/ada/export?secrets=true": (200, ADA),
        }
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.path_qs, request.headers["Authorization"], body))
        status, told = self.answers.get(request.path_qs, (404, {"detail": "There is no such thing."}))
        return web.json_response(told, status=status)


@pytest.fixture
def door() -> Iterator[Door]:
    """A door in a thread of its own, for commands wait for their answers."""
    door, loop = Door(), asyncio.new_event_loop()

    async def open_it() -> web.AppRunner:
        served = web.Application()
        served.router.add_route("*", "/{path:.*}", door.answer)
        runner = web.AppRunner(served)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        door.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    runner = loop.run_until_complete(open_it())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield door
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


def annal(*arguments: str, url: str = "", token: str = "t") -> str:  # noqa: S107 - of nobody
    """What a command says. Raises Unusable."""
    done = CliRunner().invoke(app, [*arguments, "--url", url, "--token", token], env={"COLUMNS": "300"})
    if done.exception is not None:
        raise done.exception
    return done.output


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "prices.md").write_text("3 euros")
    path = tmp_path / "ada.character.json"
    path.write_text(json.dumps(ADA))
    return str(path)


def test_a_character_is_loaded_with_its_files_and_reported(door: Door, file: str) -> None:
    said = annal("load", file, url=f"{door.url}/")
    assert door.asked == [
        ("POST", "/v1/commands/character.load", "Bearer t", {"document": ADA, "files": {"prices.md": "3 euros"}})
    ]
    assert said.splitlines() == [
        "Ada is read with 1 text of knowledge.",
        "Kept apart, as secrets: /secrets/KEY.",
        "ada is loaded: version 1, at character:0:0.",
    ]


def test_what_was_loaded_already_is_said_to_be(door: Door, file: str) -> None:
    door.answers["/v1/commands/character.load"] = (200, OUTCOME | {"facts": []})
    assert "ada was loaded so already: version 1" in annal("load", file, "--id", "ada", url=door.url)
    assert door.asked[0][3]["character_id"] == "ada"


def test_a_character_is_shown_with_whose_it_is(door: Door) -> None:
    assert annal("show", "ada", url=door.url).splitlines()[-1] == (
        "Version 2 was loaded at 2026-11-27T06:18:49Z; it is alice's."
    )


def test_an_export_has_secrets_only_if_that_is_said(door: Door) -> None:
    assert json.loads(annal("export", "ada", url=door.url)) == ROW["document"]
    assert json.loads(annal("export", "ada", "--secrets", url=door.url)) == ADA


def test_a_refusal_is_the_doors_own_sentence(door: Door, file: str) -> None:
    door.answers["/v1/commands/character.load"] = (403, {"detail": "Another account loaded this character."})
    with pytest.raises(Unusable, match="Another account loaded this character"):
        annal("load", file, url=door.url)
    with pytest.raises(Unusable, match="There is no such thing"):
        annal("show", "../accounts/me", url=door.url)
    assert door.asked[-1][1] == "/v1/characters/..%2Faccounts%2Fme"


def test_what_cannot_be_read_is_never_sent(door: Door, tmp_path: Path) -> None:
    for text in ("[]", "{", "{}", '{"name": "Spy", "knowledge": [{"path": "../x"}]}'):
        (tmp_path / "c.json").write_text(text)
        with pytest.raises(Unusable):
            annal("load", str(tmp_path / "c.json"), url=door.url)
    with pytest.raises(Unusable, match="name the character's file"):
        annal("load", str(tmp_path / "none.json"), url=door.url)
    assert door.asked == []


def test_without_a_door_or_a_token_a_sentence_says_what_to_do(file: str) -> None:
    with pytest.raises(Unusable, match="--url"):
        annal("show", "ada", url="http://127.0.0.1:1")
    with pytest.raises(Unusable, match="--token"):
        annal("load", file, url="http://127.0.0.1:1", token="")
