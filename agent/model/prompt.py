"""What a model reads of a turn: the rules, where the conversation is, others' words as data, and the message."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from agent.actions.plugin import Provider
from agent.at import At
from agent.dialogue import Doing
from agent.model.meaning import offered
from agent.model.naming import handles
from agent.model.rules import instructions
from agent.past import Past, Turn, line
from agent.recording import digest
from agent.slots.asking import shown
from agent.slots.naming import references
from agent.tokens import tokens
from infra import telemetry
from schemas.conversation import Used

MOST_MEMORIES = 30
MOST_DATA = 4_000
"""Characters of a text of others that are read."""

SUMMARISE = (
    "Also say in the member `summary`, in at most 100 words, what was asked and done in these older turns, and above:"
)

log = telemetry.log(__name__)


class Line(NamedTuple):
    """What one of three says to a model: the rules, the conversation, or itself."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class Prompt:
    """Lines in their order, and what stands in them beside the message."""

    lines: tuple[Line, ...]
    used: tuple[Used, ...] = field(default=())

    @property
    def foreign(self) -> bool:
        """Whether something stands in it that the person did not say."""
        return any(used.foreign for used in self.used)

    @property
    def tokens(self) -> int:
        return sum(tokens(each.text) for each in self.lines)

    @property
    def digest(self) -> str:
        return digest(self.lines)

    def retried(self, answer: str, reason: str) -> "Prompt":
        """Show a model its answer, and say why it will not do."""
        told = f"This will not do: {reason} Answer again, with one JSON object and nothing else."
        return Prompt((*self.lines, Line("assistant", answer or "-"), Line("user", told)), self.used)


class _Data(NamedTuple):
    """A text that the person did not say, where it is from, and what of it is used."""

    origin: str
    text: str
    used: tuple[Used, ...]


async def prompt(
    at: At, past: Past, memories: Sequence[Mapping[str, Any]], providers: Iterable[Provider] = ()
) -> Prompt:
    """Put together what a model reads of this turn."""
    memories = [each for each in memories if each["text"]][:MOST_MEMORIES]
    data = [*_answered(past.told), *[each for provider in providers for each in await _provided(at, provider)]]
    lines = (
        Line("system", instructions(at.character, offered(at).values())),
        Line("user", _state(at, past, memories)),
        *(Line("user", f"DATA from {each.origin}: {shown(each.text[:MOST_DATA])}") for each in data),
        Line("user", at.text),
    )
    return Prompt(lines, (*_own(at, past, memories), *(used for each in data for used in each.used)))


def _state(at: At, past: Past, memories: Sequence[Mapping[str, Any]]) -> str:
    """Say where the conversation is. Nothing stands in it that others than the person and the platform said."""
    doing = at.dialogue.doing
    said = {
        "now": at.now.isoformat(timespec="minutes"),
        "being_done": _doing(at, doing) if doing is not None else None,
        "left_for_later": [each.action for each in at.dialogue.suspended],
        "offered_to_choose_from": at.dialogue.offered,
        "done_last": at.dialogue.done.action if at.dialogue.done is not None else None,
        "spoken_of": {word: thing.domain for word, thing in handles(at).items()},
        "the_person_told_of_themselves": [each["text"] for each in memories],
    }
    told = [f"Where the conversation is: {json.dumps({k: v for k, v in said.items() if v}, ensure_ascii=False)}"]
    if past.summary is not None:
        told.append(f"Of turns {past.summary.first} to {past.summary.last}: {shown(past.summary.text)}")
    told += [line(turn) for turn in past.told]
    if past.due:
        told += [SUMMARISE, *(line(turn) for turn in past.over)]
    return "\n".join(told)


def _doing(at: At, doing: Doing) -> Mapping[str, Any]:
    """Say what is being done; its values only where they are the person's own, which ids of things may not be."""
    action = at.actions.get(doing.action)
    hidden = doing.values if doing.unsaid or action is None else references(action)
    known = {name: "known" if name in hidden else value for name, value in doing.values.items()}
    said = {"action": doing.action, "known": known, "asked_for": doing.asked, "waits_for_yes_or_no": doing.proposed}
    return {name: value for name, value in said.items() if value}


def _own(at: At, past: Past, memories: Sequence[Mapping[str, Any]]) -> Iterable[Used]:
    for each in memories:
        yield Used(
            kind="memory", id=each["memory_id"], digest=digest(each["text"]), place=each["position"], foreign=False
        )
    if past.summary is not None:
        first, last, text = past.summary
        id_ = at.recording.message.subject
        yield Used(kind="summary", id=id_, digest=digest(text), place=f"{first}-{last}", foreign=False)


def _answered(told: Sequence[Turn]) -> Iterable[_Data]:
    """Give the answer before this message where it told what others said: the message may speak of that."""
    if not told or not told[-1]["foreign"] or not told[-1]["reply"]:
        return
    used = tuple(Used(**each) for each in told[-1]["used"] if each["foreign"])
    origin = ", ".join(dict.fromkeys(f"{each.kind} {each.id}" for each in used)) or "others"
    yield _Data(f"the answer before, out of {origin}", told[-1]["reply"], used)


async def _provided(at: At, provider: Provider) -> Iterable[_Data]:
    if provider.permission is not None and not at.doors.caller.may(provider.permission):
        return ()
    try:
        text = (await provider.get(at)).text
    except Exception:
        log.exception("a provider failed", provider=provider.name)
        return ()
    used = Used(kind="tool", id=provider.name, digest=digest(text))
    return (_Data(f"the provider {provider.name}", text, (used,)),) if text else ()
