"""Conversation tests as they are written in YAML: who says what, step by step, and what each turn must show.

The shape is that of Rasa's end-to-end tests (`test_cases`, `user`, `slot_was_set`, `bot`), with steps for what Rasa has
not: proposals and consent, commands and facts, citations, one message delivered twice. docs/agent-testing.md shows it.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError

from schemas.message import JsonObject

PLACEHOLDER = re.compile(r"\{\{ *([a-z]+) *\}\}")
"""`{{id}}` is a number of the run's own, `{{ada}}` the account that Ada has in it, `{{last}}` what was made last."""


class ScriptInvalid(ValueError):  # noqa: N818 - it says what the file is
    """A file is no conversation test; the sentence says where, and what to write."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)


class Command(_Part):
    """A command, with those of its fields that matter."""

    type: str
    payload: JsonObject = {}


class Posted(Command):
    """A command that the agent asked, and what became of it."""

    status: Literal["accepted", "rejected", "pending"] = "accepted"
    code: str | None = None


class Given(_Part):
    """A command asked before or between messages, by whom else; `unless` is a refusal that will do as well."""

    command: Command
    by: str | None = Field(None, alias="as")
    unless: str | None = None


class SlotValue(_Part):
    name: str
    value: Any


# ── steps ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class User(_Part):
    """Something is said; so many times over in one message, where it is to be long.

    It is asked again, each time in a turn of its own, `until` the answer is this: documents are found a moment later.
    """

    user: str
    times: int = Field(1, ge=1)
    until: str | None = None


class Again(_Part):
    """The last message comes a second time with the same idempotency key: it is the same turn."""

    again: Literal[True]


class Confirm(_Part):
    """What waits is agreed to, or not, by naming it as a client's button does."""

    confirm: bool


class Meanwhile(_Part):
    """Something happens elsewhere."""

    meanwhile: Given


class Later(_Part):
    """So much time passes that what waits cannot be confirmed any more."""

    later: Literal[True]


class GivenUp(_Part):
    """What the person shows at the doors is given up, their session or their key; they go on to show it."""

    given_up: Literal[True]


class Refused(_Part):
    """No door let the last message in, for this reason."""

    refused: str


class SignedIn(_Part):
    """The person signs in anew."""

    signed_in: Literal[True]


class Intent(_Part):
    """The message is taken for this."""

    intent: str
    min_confidence: float = Field(0.0, ge=0, le=1)


class SlotWasSet(_Part):
    """These values were found in the message."""

    slot_was_set: tuple[SlotValue, ...]


class Proposed(_Part):
    """This waits to be confirmed, and nothing was asked yet."""

    proposed: Command


class CommandPosted(_Part):
    """The turn asked this in the person's name."""

    command_posted: Posted


class NothingPosted(_Part):
    """The turn asked nothing of anybody."""

    nothing_posted: Literal[True]


class FactRecorded(_Part):
    """What the turn asked left a fact of this type."""

    fact_recorded: str


class Bot(_Part):
    """The answer is this text, or holds what the expression between two slashes finds."""

    bot: str


class Cites(_Part):
    """The answer rests on these: ids of what it cites, each with `@place` where that matters."""

    cites: tuple[str, ...]


class NotAllowed(_Part):
    """The person is told that they may not, and nothing was asked."""

    not_allowed: Literal[True]


class Handover(_Part):
    """A person is wanted in this conversation, or is not."""

    handover: bool


_STEPS = (
    User, Again, Confirm, Meanwhile, Later, GivenUp, Refused, SignedIn, Intent, SlotWasSet, Proposed, CommandPosted,
    NothingPosted, FactRecorded, Bot, Cites, NotAllowed, Handover,
)  # fmt: skip
KEYS = tuple(next(iter(step.model_fields)) for step in _STEPS)
"""What a step begins with, by which it is known."""


def _key(step: Any) -> str | None:
    said = step if isinstance(step, Mapping) else getattr(step, "__dict__", {})
    return next((key for key in KEYS if key in said), None)


_Step = (
    Annotated[User, Tag("user")]
    | Annotated[Again, Tag("again")]
    | Annotated[Confirm, Tag("confirm")]
    | Annotated[Meanwhile, Tag("meanwhile")]
    | Annotated[Later, Tag("later")]
    | Annotated[GivenUp, Tag("given_up")]
    | Annotated[Refused, Tag("refused")]
    | Annotated[SignedIn, Tag("signed_in")]
    | Annotated[Intent, Tag("intent")]
    | Annotated[SlotWasSet, Tag("slot_was_set")]
    | Annotated[Proposed, Tag("proposed")]
    | Annotated[CommandPosted, Tag("command_posted")]
    | Annotated[NothingPosted, Tag("nothing_posted")]
    | Annotated[FactRecorded, Tag("fact_recorded")]
    | Annotated[Bot, Tag("bot")]
    | Annotated[Cites, Tag("cites")]
    | Annotated[NotAllowed, Tag("not_allowed")]
    | Annotated[Handover, Tag("handover")]
)
Step = Annotated[
    _Step,
    Discriminator(
        _key, custom_error_type="no_step", custom_error_message=f"this is no step; begin it with {', '.join(KEYS)}"
    ),
]


Shows = Literal["play", "session", "key"]
"""What somebody shows at the doors: a token for play, or of an account of their own a session's or a key."""


class Case(_Part):
    """One conversation: whose, with which roles, after what, and its steps."""

    test_case: str
    by: str = Field(alias="as")
    roles: tuple[str, ...] = ()
    shows: Shows = "play"
    given: tuple[Given, ...] = ()
    steps: tuple[Step, ...] = Field(min_length=1)

    @property
    def others(self) -> set[str]:
        """Give the names of the other people in it: who does something, and whose account is spoken of."""
        said = self.model_dump_json()
        named = {found[1] for found in PLACEHOLDER.finditer(said)} - {"id", "last"}
        acting = {given.by for given in self.given} | {
            step.meanwhile.by for step in self.steps if isinstance(step, Meanwhile)
        }
        return {name for name in named | acting if name} - {self.by}


class Script(_Part):
    """A file of conversation tests; what is given is given to each of them."""

    given: tuple[Given, ...] = ()
    test_cases: tuple[Case, ...] = Field(min_length=1)

    @property
    def cases(self) -> tuple[Case, ...]:
        """Give the tests, each with all that is given to it."""
        return tuple(case.model_copy(update={"given": (*self.given, *case.given)}) for case in self.test_cases)


STEP: TypeAdapter[Step] = TypeAdapter(Step)


def read(text: str, name: str) -> Script:
    """Read a file of tests. Raises ScriptInvalid, whose sentence names the file and the line or the step."""
    try:
        said = yaml.safe_load(text)
        return Script.model_validate(said)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScriptInvalid(f"{name}, line {line}: this is no YAML ({error.problem}); mend the line.") from None
    except ValidationError as error:
        raise ScriptInvalid(_sentence(name, said, error)) from None


def written(script: Script) -> str:
    """Write tests as YAML, without what goes without saying."""
    said = script.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text: str = yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120)
    return text


def filled(part: Any, values: Mapping[str, str]) -> Any:
    """Put into what JSON says what the placeholders of a run stand for. Raises ScriptInvalid for an unknown one."""
    match part:
        case str():
            return PLACEHOLDER.sub(lambda found: _value(found[1], values), part)
        case list() | tuple():
            return [filled(each, values) for each in part]
        case Mapping():
            return {filled(key, values): filled(each, values) for key, each in part.items()}
        case _:
            return part


def _value(name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        raise ScriptInvalid(f"Nothing is called {{{{{name}}}}} here; write one of {', '.join(sorted(values))}.")
    return values[name]


def _sentence(name: str, said: Any, error: ValidationError) -> str:
    """Say the first mistake, and where it is in words of the file."""
    first = error.errors()[0]
    place = list(first["loc"])
    told = [name]
    if place[:1] == ["test_cases"] and len(place) > 1:
        case = said["test_cases"][place[1]]
        title = case.get("test_case", place[1]) if isinstance(case, dict) else place[1]
        told.append(f"test case “{title}”")
        place = place[2:]
    if len(place) > 1 and place[0] in ("steps", "given"):
        told.append(f"{'step' if place[0] == 'steps' else 'given'} {int(place[1]) + 1}")
        place = place[3:] if place[0] == "steps" else place[2:]
    where = f" at {'.'.join(map(str, place))}" if place else ""
    return f"{', '.join(told)}: {first['msg'].removeprefix('Value error, ').rstrip('.')}{where}."
