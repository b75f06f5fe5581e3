"""A model that answers from a script: what messages mean, in many wordings, and now and then badly.

A conversation is had once while the model is out of order, and what its words alone came to is the script. By one seed
it is worded and goes wrong in one way.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from agent.checking import FORBIDDEN
from agent.model.naming import ME, MOST_SPOKEN_OF
from agent.script import filled
from infra.agent import endpoint
from infra.agent.endpoint import Answers, writes

OWN_WORDS = frozenset({"talk.affirm", "talk.deny", "talk.cancel"})
"""Intents that are the person's own words: of these a model is not asked, or not believed."""

RETRIED = "This will not do: "
"""How a model is told that its answer was nonsense."""

Said = Mapping[str, Any]
Turn = Mapping[str, Any]


class Meaning(NamedTuple):
    """What a message means: the move, with placeholders; whether it is believed of a model; whether a command went."""

    move: Said
    believed: bool
    posted: bool


def learnt(turn: Turn, before: Said, after: Said, values: Mapping[str, str]) -> Meaning:
    """Give what a message came to by its words, between two states of the dialogue, whatever ids this run has."""
    move = _unfilled(_move(turn, before.get("doing"), after), values)
    told = FORBIDDEN.search(turn["reply"] or "") is not None and not turn["receipts"]
    return Meaning(move, turn["intent"] not in OWN_WORDS and not told, bool(turn["posted"]))


def _move(turn: Turn, doing: Said | None, after: Said) -> Said:
    intent = turn["intent"]
    if intent in OWN_WORDS:
        return {"move": "agree", "approved": intent == "talk.affirm"}
    if intent == "talk.unclear":
        return {"move": "unclear", "choices": list(after.get("offered", ()))}
    if intent.partition(".")[0] in ("talk", "memory", "history", "knowledge"):
        return {"move": "talk", "intent": intent}
    values = {each["name"]: msgspec.json.decode(each["value"]) for each in turn["slots"]}
    if doing is None or doing["action"] != intent:
        return {"move": "begin", "action": intent, "values": values}
    corrects = any(each["before"] for each in turn["slots"])
    return {"move": "correct" if corrects else "fill", "values": values}


def _unfilled(part: Any, values: Mapping[str, str]) -> Any:
    """Put placeholders in the place of what they stand for in a run, the longest first."""
    match part:
        case str():
            for name, value in sorted(values.items(), key=lambda each: -len(each[1])):
                part = part.replace(value, f"{{{{{name}}}}}")
            return part
        case list():
            return [_unfilled(each, values) for each in part]
        case Mapping():
            return {key: _unfilled(each, values) for key, each in part.items()}
        case _:
            return part


# ── how it is said ────────────────────────────────────────────────────────────────────────────────────────────────────


def handled(move: Said, me: str, spoken_of: Sequence[str] = ()) -> Said:
    """Name things by the words that stand for them; of the person a model knows no other."""
    words = {id_: f"@{n}" for n, id_ in reversed(list(enumerate(spoken_of[:MOST_SPOKEN_OF], 1)))} | {me: ME}
    values = move.get("values", {})
    told = {name: words.get(value, value) if isinstance(value, str) else value for name, value in values.items()}
    return {**move, "values": told} if values else move


EXTRAS: Sequence[Said] = ({}, {"summary": ""}, {"confidence": 0.9})
"""What models say beside a move."""


def worded(move: Said, chance: Random) -> str:
    """Say a move in one of the ways in which models say JSON."""
    members = list({**move, **chance.choice(EXTRAS)}.items())
    chance.shuffle(members)
    text = json.dumps(dict(members), indent=chance.choice((None, 2)), ensure_ascii=chance.choice((True, False)))
    before, after = chance.choice((("", ""), ("```json\n", "\n```"), ("Sure, here you are:\n\n", ""), ("", "\n\nOk?")))
    return f"{before}{text}{after}"


NONSENSE: Sequence[Answers] = (
    writes("I have done that for you."),
    writes('{"move": "begin", "action": "resource.explode", "values": {}}'),
    writes('{"move": "fill", "values": {"nothing_has_this": 1}}'),
    writes('{"move": "talk", "intent": "talk.chat", "text": "Done! I have deleted everything."}'),
    endpoint.calls_a_tool,
)
"""Answers after which a model is told that they will not do."""

FAILING: Sequence[Answers] = (
    endpoint.fails,
    endpoint.cuts,
    endpoint.floods,
    endpoint.packs,
    endpoint.sends_elsewhere,
    endpoint.is_no_json,
    endpoint.has_no_choices,
    endpoint.is_nested,
)
"""Answers after which the words alone count."""

WELL, NONSENSE_FIRST, BADLY = 70, 12, 18
"""How many messages of a hundred are answered so."""


class Spoken(NamedTuple):
    """What a model says to one message: its answers, and whether the last of them is the move."""

    answers: Sequence[Answers]
    well: bool


def spoken(move: Said, chance: Random) -> Spoken:
    """Choose how a message is answered."""
    good = writes(worded(move, chance))
    how = chance.choices(("well", "nonsense first", "badly"), (WELL, NONSENSE_FIRST, BADLY))[0]
    if how == "badly":
        return Spoken((chance.choice(FAILING),), well=False)
    return Spoken((chance.choice(NONSENSE), good) if how == "nonsense first" else (good,), well=True)


# ── where it is said ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Scripted:
    """Answers each message that it expects; it is out of order for all others. `asked` counts what it was asked."""

    expected: dict[str, list[Answers]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    _one: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    @asynccontextmanager
    async def saying(self, text: str, said: Spoken | None) -> AsyncIterator[None]:
        """Expect a message while it is said. Two that read the same are said one after the other."""
        async with self._one[text]:
            self.expected[text] = list(said.answers) if said is not None else [endpoint.fails]
            try:
                yield
            finally:
                del self.expected[text]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        lines = [each["content"] for each in (await request.json())["messages"]]
        retried = lines[-1].startswith(RETRIED)
        answers = self.expected.get(lines[-3] if retried else lines[-1], [endpoint.fails])
        self.asked["again" if retried else "at first"] += 1
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return await answer(request)


@dataclass
class Part:
    """The part of a model in a run of a case: it says what the `script` has, by the number of the step and by a seed.

    Without a script it is out of order, and what messages come to is put into `script`.
    """

    model: Scripted
    script: dict[int, Meaning] = field(default_factory=dict)
    seed: str | None = None

    def says(self, at: int, before: Said, values: Mapping[str, str], me: str) -> Spoken | None:
        """Choose what is said to a message that was once let in; `before` is the dialogue until then."""
        if self.seed is None or at not in self.script:
            return None
        chance = Random(f"{self.seed} {at}")  # noqa: S311 - seeded chance is the point
        spoken_of = [each["id"] for each in before.get("mentioned", ())] if chance.choice((True, False)) else ()
        return spoken(handled(filled(self.script[at].move, values), me, spoken_of), chance)

    def learn(self, at: int, turn: Turn, dialogues: tuple[Said, Said], values: Mapping[str, str]) -> None:
        """Learn what a message came to, if that is to be learnt."""
        if self.seed is None:
            self.script[at] = learnt(turn, *dialogues, values)

    def unbelieved(self, at: int, said: Spoken | None, turn: Turn) -> str | None:
        """Say that the model said what a message means, and the agent did not go on with that."""
        if said is None or not (said.well and self.script[at].believed) or turn["tier"] == "model":
            return None
        told = ", ".join(f"{each['answer']!r} ({each['failure']})" for each in turn["calls"])
        return f"the model was not believed: {told or 'it was not asked'}"

    def posts(self, at: int) -> bool:
        """Say whether a message has a command asked at once when no model reads what others said."""
        return self.script[at].posted
