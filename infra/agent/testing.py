"""Runs conversation tests over HTTP as clients have conversations, and says of each whether all of its steps hold."""

import asyncio
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import SystemRandom
from typing import Any, NamedTuple

from agent.checking import Seen, wrong
from agent.script import (
    STEP,
    Again,
    Bot,
    Case,
    Confirm,
    Given,
    GivenUp,
    Later,
    Meanwhile,
    Refused,
    ScriptInvalid,
    SignedIn,
    Step,
    User,
    filled,
)
from infra.agent.people import Answer, Ask, Failed, People, Person, entered, give_up
from infra.agent.scripted import Part

ANSWERED_WITHIN = 30.0
"""Seconds that an answer is waited for."""

LOOK = 0.03
"""Seconds between two looks at whether it is there."""

ASKED_AGAIN_WITHIN, ASKED_AGAIN_EVERY = 90.0, 1.0
"""Seconds for which a question is asked again until it is answered, and from one time to the next.

Whatever changed before is indexed first, which on a busy machine takes a while.
"""

CLOCKS_APART = 2.0
"""Seconds that this clock and that of Kafka may be apart, where both are on one machine or nearly."""

WAIT = "wait=20"


class Result(NamedTuple):
    """What became of a case: None if all steps hold, else a sentence that names the step; and the seconds it took.

    `tiers` says of each message by whom it was understood.
    """

    case: Case
    failed: str | None
    seconds: float
    tiers: tuple[str, ...] = ()


async def run(case: Case, ask: Ask, people: People, part: Part | None = None) -> Result:
    """Have a conversation with the agent, up to the first step that does not hold. Raises Unusable."""
    began = time.monotonic()
    talk = _Talk(ask, people, case, part)
    failed = None
    try:
        await talk.begin()
        for talk.at, step in enumerate(case.steps, 1):
            await talk.take(step)
        talk.require_let_in()
    except (Failed, ScriptInvalid) as error:
        failed = f"step {talk.at} ({_shown(case.steps[talk.at - 1])}): {error}" if talk.at else f"given: {error}"
    return Result(case, failed, time.monotonic() - began, tuple(talk.tiers))


@dataclass
class _Talk:
    """A conversation on its way; `at` is the number of the step."""

    ask: Ask
    people: People
    case: Case
    part: Part | None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    at: int = 0
    number: int = 0
    values: dict[str, str] = field(default_factory=lambda: {"id": str(SystemRandom().randrange(100_000, 1_000_000))})
    known: dict[str, Person] = field(default_factory=dict)
    key: str = ""
    sent: Mapping[str, Any] = field(default_factory=dict)
    seen: Seen | None = None
    refused: Mapping[str, Any] | None = None
    tiers: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        await self._somebody(self.case.by, whole=True)
        for name in sorted(self.case.others):
            await self._somebody(name)
        for given in self.case.given:
            await self._do(given)
        await self._command("conversation.open", {"conversation_id": self.id}, self._me)

    async def take(self, step: Step) -> None:  # noqa: C901 - one line for each step
        """Take a step. Raises Failed."""
        step = STEP.validate_python(filled(step.model_dump(by_alias=True), self.values))
        if not isinstance(step, Refused | SignedIn):
            self.require_let_in()
        match step:
            case User():
                await self._ask_until(step)
            case Confirm(confirm=approved):
                await self._say(await self._consent(approved=approved))
            case Again():
                await self._again()
            case Meanwhile(meanwhile=given):
                await self._do(given)
            case Later():
                await self._wait_out()
            case GivenUp():
                await give_up(self.ask, self._me)
            case SignedIn():
                self.known[self.case.by], self.refused = await entered(self.ask, self._me), None
            case Refused(refused=code):
                self._require_refused(code)
            case _:
                if self.seen is None:
                    raise Failed("nothing was said yet; begin with a step `user`")
                if told := wrong(step, self.seen):
                    raise Failed(told)

    def require_let_in(self) -> None:
        """Raise Failed if no door let in what was said last, and no step wants that."""
        if self.refused is not None:
            raise _undone("conversation.say", self.refused)

    def _require_refused(self, code: str) -> None:
        if self.refused is None or self.refused.get("code") != code:
            said = "let in" if self.refused is None else f"refused as {self.refused.get('code')}"
            raise Failed(f"the message was {said}, not refused as {code}")
        self.refused = None

    # ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _ask_until(self, step: User) -> None:
        until = time.monotonic() + ASKED_AGAIN_WITHIN
        await self._tell(step.user * step.times)
        while step.until is not None and self.seen is not None and (told := wrong(Bot(bot=step.until), self.seen)):
            if time.monotonic() > until:
                raise Failed(told)
            await asyncio.sleep(ASKED_AGAIN_EVERY)
            await self._tell(step.user * step.times)

    async def _tell(self, text: str) -> None:
        """Say something, while the model that is played, if one is, says what it means."""
        if self.part is None:
            await self._say({"text": text})
            return
        before, values = self._dialogue, dict(self.values)
        said = self.part.says(self.at, before, values, self._me.account)
        async with self.part.model.saying(text, said):
            await self._say({"text": text})
        if self.refused is not None or self.seen is None:
            return
        self.part.learn(self.at, self.seen.turn, (before, self._dialogue), values)
        if told := self.part.unbelieved(self.at, said, self.seen.turn):
            raise Failed(told)
        if self.part.posts(self.at) and not self.seen.turn["posted"]:
            await self._confirm_foreign()

    @property
    def _dialogue(self) -> Mapping[str, Any]:
        """What the agent knows of the conversation; nothing at its beginning."""
        return (self.seen.conversation["dialogue"] if self.seen is not None else None) or {}

    async def _confirm_foreign(self) -> None:
        """Agree to what waits only because the model read what others said, and go on as if it was asked at once."""
        assert self.seen is not None  # noqa: S101 - the caller looked
        first = self.seen.turn
        if not (first["foreign"] and first["proposal"]):
            return
        await self._say(await self._consent(approved=True))
        kept = {name: first[name] for name in ("intent", "ranking", "slots")}
        self.seen = self.seen._replace(turn={**self.seen.turn, **kept})

    async def _say(self, said: Mapping[str, Any]) -> None:
        self.key, self.sent = str(uuid.uuid4()), {"conversation_id": self.id, **said}
        answer = await self._post("conversation.say", self.sent, self._me, {"Idempotency-Key": self.key})
        if answer.body.get("status") != "accepted":
            self.refused = answer.body
            return
        self.number += 1
        self.seen = await self._answered()
        self.tiers += [self.seen.turn["tier"]] if self.seen.turn["tier"] else []
        if self.seen.turn["receipts"]:
            self.values["last"] = self.seen.turn["receipts"][-1]["subject"]

    async def _consent(self, *, approved: bool) -> Mapping[str, Any]:
        conversation = self.seen.conversation if self.seen is not None else await self._read(self._path)
        proposal = conversation["proposal"]
        if proposal is None:
            raise Failed("nothing waits to be confirmed")
        consent = {"proposal_id": proposal["proposal_id"], "digest": proposal["digest"], "approved": approved}
        return {"text": "yes" if approved else "no", "consent": consent}

    async def _wait_out(self) -> None:
        """Wait until what waits cannot be confirmed any more. Raises Failed."""
        proposal = (await self._read(self._path))["proposal"]
        if proposal is None:
            raise Failed("nothing waits to be confirmed")
        expires = datetime.fromtimestamp(proposal["expires"] / 1000, UTC)
        await asyncio.sleep((expires - datetime.now(UTC)).total_seconds() + CLOCKS_APART)

    async def _again(self) -> None:
        """Deliver the last message once more: no turn comes of it, and what was answered stays as it is."""
        answer = await self._post("conversation.say", self.sent, self._me, {"Idempotency-Key": self.key})
        if answer.body.get("status") != "accepted":
            raise _undone("conversation.say", answer.body)
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

    async def _somebody(self, name: str, *, whole: bool = False) -> None:
        """Give somebody; `whole` is who speaks, with their roles and with what they show."""
        roles, shows = (self.case.roles, self.case.shows) if whole else ((), "play")
        self.known[name] = await self.people(f"{name}-{self.values['id']}", roles, shows)
        self.values[name] = self.known[name].account

    async def _do(self, given: Given) -> None:
        command = filled(given.command.model_dump(), self.values)
        person = self.known[given.by or self.case.by]
        await self._command(command["type"], command["payload"], person, unless=given.unless)

    async def _post(
        self, type_: str, body: Mapping[str, Any], person: Person, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask a command and wait for its outcome."""
        return await self.ask("POST", f"/v1/commands/{type_}", person.token, body, {"Prefer": WAIT, **(headers or {})})

    async def _command(self, type_: str, body: Mapping[str, Any], person: Person, *, unless: str | None = None) -> None:
        """Ask a command and wait for its outcome. Raises Failed for a refusal, unless that one will do."""
        answer = await self._post(type_, body, person)
        if answer.body.get("status") != "accepted" and (unless is None or answer.body.get("code") != unless):
            raise _undone(type_, answer.body)

    async def _read(self, path: str, *statuses: int, after: str | None = None) -> dict[str, Any]:
        """Read what is known after a position. Raises Failed but for these statuses."""
        headers = {"Annal-Min-Position": after} if after is not None else {}
        answer = await self.ask("GET", path, self._me.token, None, headers)
        if answer.status >= 300 and answer.status not in statuses:  # noqa: PLR2004 - what HTTP calls success
            raise Failed(f"{path} answers {answer.status}: {answer.body.get('detail')}")
        body: dict[str, Any] = answer.body
        return body


def _undone(type_: str, said: Mapping[str, Any]) -> Failed:
    return Failed(f"{type_} was not done: {said.get('detail') or said}")


def _shown(step: Step) -> str:
    return next(iter(type(step).model_fields))
