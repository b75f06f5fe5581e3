"""Runs conversation tests over HTTP as clients have conversations, and says of each whether all of its steps hold."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import Any, NamedTuple, Protocol

import aiohttp
import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.checking import Seen, wrong
from agent.script import STEP, Again, Case, Confirm, Given, Meanwhile, ScriptInvalid, Step, User, filled, read
from infra.agent.options import Door
from infra.settings import Unusable

ANSWERED_WITHIN = 30.0
"""Seconds that an answer is waited for."""

LOOK = 0.03
"""Seconds between two looks at whether it is there."""

WAIT = "wait=20"


class Person(NamedTuple):
    """Who speaks: an account, and what it shows at the door."""

    account: str
    token: str


class Answer(NamedTuple):
    status: int
    body: Any


class Ask(Protocol):
    """Asks a door something over HTTP, as whoever the token says."""

    async def __call__(
        self, method: str, path: str, token: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer: ...


People = Callable[[str, Sequence[str]], Awaitable[Person]]
"""Gives somebody by a name that nobody else has, with these roles. Raises Unusable where there is nobody to be."""


class Result(NamedTuple):
    """What became of a case: None if all steps hold, else a sentence that names the step; and the seconds it took."""

    case: Case
    failed: str | None
    seconds: float


class Failed(Exception):  # noqa: N818 - a step fails; no program does
    """A step does not hold."""


async def run(case: Case, ask: Ask, people: People) -> Result:
    """Have a conversation with the agent, up to the first step that does not hold. Raises Unusable."""
    began = time.monotonic()
    at = 0
    talk = _Talk(ask, people, case)
    try:
        await talk.begin()
        for at, step in enumerate(case.steps, 1):  # noqa: B007 - the last one is told
            await talk.take(step)
    except (Failed, ScriptInvalid) as error:
        told = f"step {at} ({_shown(case.steps[at - 1])}): {error}" if at else f"given: {error}"
        return Result(case, told, time.monotonic() - began)
    return Result(case, None, time.monotonic() - began)


@dataclass
class _Talk:
    """A conversation on its way."""

    ask: Ask
    people: People
    case: Case
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    number: int = 0
    values: dict[str, str] = field(default_factory=lambda: {"id": str(SystemRandom().randrange(100_000, 1_000_000))})
    known: dict[str, Person] = field(default_factory=dict)
    key: str = ""
    sent: Mapping[str, Any] = field(default_factory=dict)
    seen: Seen | None = None

    async def begin(self) -> None:
        await self._somebody(self.case.by, self.case.roles)
        for name in sorted(self.case.others):
            await self._somebody(name, ())
        for given in self.case.given:
            await self._do(given)
        await self._command("conversation.open", {"conversation_id": self.id}, self._me)

    async def take(self, step: Step) -> None:
        """Take a step. Raises Failed."""
        step = STEP.validate_python(filled(step.model_dump(by_alias=True), self.values))
        match step:
            case User(user=text, times=times):
                await self._say({"text": text * times})
            case Confirm(confirm=approved):
                await self._say(await self._consent(approved=approved))
            case Again():
                await self._again()
            case Meanwhile(meanwhile=given):
                await self._do(given)
            case _:
                if self.seen is None:
                    raise Failed("nothing was said yet; begin with a step `user`")
                if told := wrong(step, self.seen):
                    raise Failed(told)

    # ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _say(self, said: Mapping[str, Any]) -> None:
        self.key, self.sent = str(uuid.uuid4()), {"conversation_id": self.id, **said}
        await self._command("conversation.say", self.sent, self._me, {"Idempotency-Key": self.key})
        self.number += 1
        self.seen = await self._answered()
        if self.seen.turn["receipts"]:
            self.values["last"] = self.seen.turn["receipts"][-1]["subject"]

    async def _consent(self, *, approved: bool) -> Mapping[str, Any]:
        proposal = (await self._read(self._path))["proposal"]
        if proposal is None:
            raise Failed("nothing waits to be confirmed")
        consent = {"proposal_id": proposal["proposal_id"], "digest": proposal["digest"], "approved": approved}
        return {"text": "yes" if approved else "no", "consent": consent}

    async def _again(self) -> None:
        """Deliver the last message once more: no turn comes of it, and what was answered stays as it is."""
        await self._command("conversation.say", self.sent, self._me, {"Idempotency-Key": self.key})
        seen = await self._answered()
        if seen.conversation["turn"] != self.number or seen.conversation["answered"] != self.number:
            raise Failed(f"the message was taken {seen.conversation['turn'] - self.number + 1} times")
        if self.seen is None or seen.turn != self.seen.turn:
            raise Failed("the turn is another one than before")

    async def _answered(self) -> Seen:
        until = time.monotonic() + ANSWERED_WITHIN
        while not (turn := await self._read(f"{self._path}/turns/{self.number}", 404)).get("replied"):
            if time.monotonic() > until:
                raise Failed(f"no answer came within {ANSWERED_WITHIN:.0f} s: see that `annal agent run` runs")
            await asyncio.sleep(LOOK)
        conversation = await self._read(self._path, after=turn["position"])
        outcomes = [
            await self._read(f"/v1/commands/{each['command_id']}", after=each["position"]) for each in turn["receipts"]
        ]
        return Seen(turn, conversation, outcomes)

    # ── what is asked of the doors ───────────────────────────────────────────────────────────────────────────────────

    @property
    def _me(self) -> Person:
        return self.known[self.case.by]

    @property
    def _path(self) -> str:
        return f"/v1/conversations/{self.id}"

    async def _somebody(self, name: str, roles: Sequence[str]) -> None:
        self.known[name] = await self.people(f"{name}-{self.values['id']}", roles)
        self.values[name] = self.known[name].account

    async def _do(self, given: Given) -> None:
        command = filled(given.command.model_dump(), self.values)
        person = self.known[given.by or self.case.by]
        await self._command(command["type"], command["payload"], person, unless=given.unless)

    async def _command(
        self,
        type_: str,
        body: Mapping[str, Any],
        person: Person,
        headers: Mapping[str, str] | None = None,
        *,
        unless: str | None = None,
    ) -> None:
        """Ask a command and wait for its outcome. Raises Failed for a refusal, unless that one will do."""
        path = f"/v1/commands/{type_}"
        answer = await self.ask("POST", path, person.token, body, {"Prefer": WAIT, **(headers or {})})
        if answer.body.get("status") != "accepted" and (unless is None or answer.body.get("code") != unless):
            raise Failed(f"{type_} was not done: {answer.body.get('detail') or answer.body}")

    async def _read(self, path: str, *statuses: int, after: str | None = None) -> dict[str, Any]:
        """Read what is known after a position. Raises Failed but for these statuses."""
        headers = {"Annal-Min-Position": after} if after is not None else {}
        answer = await self.ask("GET", path, self._me.token, None, headers)
        if answer.status >= 300 and answer.status not in statuses:  # noqa: PLR2004 - what HTTP calls success
            raise Failed(f"{path} answers {answer.status}: {answer.body.get('detail')}")
        body: dict[str, Any] = answer.body
        return body


def _shown(step: Step) -> str:
    return next(iter(type(step).model_fields))


# ── who speaks, and to which door ─────────────────────────────────────────────────────────────────────────────────────


def players(ask: Ask, token: str) -> People:
    """Let everybody be signed in for play, and whoever has roles be the account of a token."""

    async def somebody(name: str, roles: Sequence[str]) -> Person:
        if roles and not token:
            raise Failed(f"{name} has the roles {', '.join(roles)}: give --token of an account that has them.")
        if roles:
            return Person((await ask("GET", "/v1/accounts/me", token)).body["account_id"], token)
        answer = await ask("POST", "/v1/dev/login", "", {"account": name})
        if answer.status != 200:  # noqa: PLR2004 - what HTTP calls success
            raise Unusable("Nobody can be signed in for play here: run the tests where ANNAL_DEV_LOGIN is true.")
        return Person(answer.body["account_id"], answer.body["access_token"])

    return somebody


def over(session: aiohttp.ClientSession, url: str) -> Ask:
    """Ask the doors at an address. The answer raises Unusable if nobody answers."""

    async def ask(
        method: str, path: str, token: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        shown = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        sent = orjson.dumps(body) if body is not None else None
        try:
            async with session.request(method, url + path, data=sent, headers=shown | dict(headers or {})) as response:
                return Answer(response.status, orjson.loads(await response.read()))
        except (aiohttp.ClientError, OSError, TimeoutError, orjson.JSONDecodeError) as error:
            told = f"No door of Annal answers at {url} ({type(error).__name__}): name another with --url."
            raise Unusable(told) from None

    return ask


# ── many of them ──────────────────────────────────────────────────────────────────────────────────────────────────────


def cases(paths: Sequence[Path]) -> dict[str, list[Case]]:
    """Read the tests of files, and of all YAML files in folders, by file. Raises Unusable."""
    files = [file for path in paths for file in (sorted(path.rglob("*.yaml")) if path.is_dir() else [path])]
    if not files:
        raise Unusable(f"There is no .yaml in {', '.join(map(str, paths))}: name files of tests, or a folder of them.")
    try:
        return {file.name: list(read(file.read_text(), str(file)).cases) for file in files}
    except ScriptInvalid as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        raise Unusable(f"{error.filename} cannot be read ({error.strerror}): name a file of tests.") from None


async def run_all(door: Door, paths: Sequence[Path], times: int, console: Console) -> int:
    """Run tests so many times and show what became of each; 1 if one failed once, else 0. Raises Unusable."""
    by_file = cases(paths)
    table = Table("file", "test case", "passed", "seconds")
    failed: list[str] = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWERED_WITHIN)) as session:
        ask = over(session, door.url)
        people = players(ask, door.token)
        for file, case in ((file, case) for file, found in by_file.items() for case in found):
            results = [await run(case, ask, people) for _ in range(times)]
            told = [result.failed for result in results if result.failed is not None]
            colour, seconds = "red" if told else "green", sum(result.seconds for result in results) / times
            passed = f"[{colour}]{times - len(told)} of {times}"
            table.add_row(file, escape(case.test_case), passed, f"{seconds:.2f}")
            failed += [f"{file}, {case.test_case}: {told[0]}"] if told else []
    console.print(table)
    for sentence in failed:
        console.print(f"[red]failed[/] {escape(sentence)}", highlight=False, soft_wrap=True)
    many = sum(map(len, by_file.values()))
    console.print(f"{many - len(failed)} of {many} test cases passed{f' {times} times' if times > 1 else ''}.")
    return 1 if failed else 0
