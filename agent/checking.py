"""What a turn must show, held against what is on record of it: each step of a conversation test, in a sentence.

Nothing is asked here: a turn, its conversation and the outcomes of its commands were read before.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from agent.script import (
    Bot,
    Cites,
    Command,
    CommandPosted,
    FactRecorded,
    Handover,
    Intent,
    NotAllowed,
    NothingPosted,
    Posted,
    Proposed,
    SlotWasSet,
)

Expectation = (
    Intent | SlotWasSet | Proposed | CommandPosted | NothingPosted | FactRecorded | Bot | Cites | NotAllowed | Handover
)
"""The steps that say what a turn must show."""

FORBIDDEN = re.compile(r"\bYou may not\b|\byou do not have\b|\bonly the owner\b|\bYou only view\b", re.IGNORECASE)


class Seen(NamedTuple):
    """What is on record: a turn and its conversation as the door tells them, and the outcomes of its commands."""

    turn: Mapping[str, Any]
    conversation: Mapping[str, Any]
    outcomes: Sequence[Mapping[str, Any]] = ()


def wrong(step: Expectation, seen: Seen) -> str | None:  # noqa: C901, PLR0911 - one line for each step
    """Say what is otherwise than a step wants it; None if nothing is."""
    turn = seen.turn
    match step:
        case Intent():
            return _intent(step, turn)
        case SlotWasSet():
            return _slots(step, turn)
        case Proposed(proposed=wanted):
            return _proposed(wanted, turn)
        case CommandPosted(command_posted=wanted):
            return _posted(wanted, turn)
        case NothingPosted():
            return _nothing(turn)
        case FactRecorded(fact_recorded=type_):
            facts = [fact for outcome in seen.outcomes for fact in outcome["facts"]]
            return None if type_ in facts else f"no fact {type_} was recorded, but {_list(facts)}"
        case Bot(bot=wanted):
            return _bot(wanted, turn["reply"] or "")
        case Cites(cites=wanted):
            return _cites(wanted, turn["citations"])
        case NotAllowed():
            return _not_allowed(turn)
        case Handover(handover=wanted):
            said = "a person is wanted" if seen.conversation["wanted"] else "no person is wanted"
            return None if seen.conversation["wanted"] is wanted else said


def _intent(step: Intent, turn: Mapping[str, Any]) -> str | None:
    if turn["intent"] != step.intent:
        return f"the intent is {turn['intent']}, not {step.intent}"
    score = next((each["score"] for each in turn["ranking"] if each["intent"] == step.intent), 0.0)
    if score < step.min_confidence:
        return f"{step.intent} is {score:.2f} likely, less than {step.min_confidence}"
    return None


def _slots(step: SlotWasSet, turn: Mapping[str, Any]) -> str | None:
    set_ = {each["name"]: msgspec.json.decode(each["value"]) for each in turn["slots"] if each["value"]}
    for slot in step.slot_was_set:
        if slot.name not in set_:
            return f"no slot {slot.name} was set, but {_list(set_)}"
        if not _agrees(slot.value, set_[slot.name]):
            return f"the slot {slot.name} is {_json(set_[slot.name])}, not {_json(slot.value)}"
    return None


def _proposed(wanted: Command, turn: Mapping[str, Any]) -> str | None:
    proposal = turn["proposal"]
    if proposal is None:
        return f"nothing was proposed; the answer is {_json(turn['reply'])}"
    return _nothing(turn) or _command(wanted, proposal["action"], proposal["body"])


def _posted(wanted: Posted, turn: Mapping[str, Any]) -> str | None:
    if not turn["posted"]:
        return f"no command was asked; the answer is {_json(turn['reply'])}"
    posted = turn["posted"][-1]
    if told := _command(wanted, posted["action"], posted["body"]):
        return told
    receipt: Mapping[str, Any] = next((r for r in turn["receipts"] if r["command_id"] == posted["command_id"]), {})
    if receipt.get("status") != wanted.status:
        return f"{wanted.type} was {receipt.get('status')} ({receipt.get('code')}), not {wanted.status}"
    if wanted.code is not None and receipt.get("code") != wanted.code:
        return f"{wanted.type} was refused as {receipt.get('code')}, not {wanted.code}"
    return None


def _command(wanted: Command, type_: str, body: Mapping[str, Any]) -> str | None:
    if type_ != wanted.type:
        return f"the command is {type_}, not {wanted.type}"
    others = {name: value for name, value in wanted.payload.items() if not _agrees(value, body.get(name))}
    if others:
        return f"{type_} has {_json({name: body.get(name) for name in others})}, not {_json(others)}"
    return None


def _nothing(turn: Mapping[str, Any]) -> str | None:
    return f"{_list([each['action'] for each in turn['posted']])} was asked" if turn["posted"] else None


def _not_allowed(turn: Mapping[str, Any]) -> str | None:
    done = [each["type"] for each in turn["receipts"] if each["status"] != "rejected"]
    if done or turn["proposal"] is not None:
        return f"it was allowed: {_list(done) if done else turn['proposal']['action'] + ' was proposed'}"
    if FORBIDDEN.search(turn["reply"] or "") is None:
        return f"the person is not told that they may not; the answer is {_json(turn['reply'])}"
    return None


def _bot(wanted: str, reply: str) -> str | None:
    is_pattern = len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/")
    found = re.search(wanted[1:-1], reply, re.IGNORECASE | re.DOTALL) if is_pattern else reply.strip() == wanted.strip()
    return None if found else f"the answer is {_json(reply)}, not {wanted}"


def _cites(wanted: Sequence[str], citations: Sequence[Mapping[str, Any]]) -> str | None:
    places = [(each["id"], f"{each['id']}@{each['place']}") for each in citations]
    missing = [each for each in wanted if not any(each in place for place in places)]
    return f"the answer does not cite {_list(missing)}, but {_list(p for _, p in places)}" if missing else None


def _agrees(wanted: Any, value: Any) -> bool:
    """Objects may have more than is wanted of them; all else is equal, and 5 is 5.0."""
    if isinstance(wanted, Mapping) and isinstance(value, Mapping):
        return all(name in value and _agrees(each, value[name]) for name, each in wanted.items())
    return bool(wanted == value)


def _list(words: Any) -> str:
    return ", ".join(words) or "nothing"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
