"""A conversation that was had, made into a test: what was said, understood, asked and answered, as it stands on record.

What a run must have of its own is put in place of what this one had: ids of resources, accounts, moments, positions.
What the resources were before is given as the commands that made them so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from agent.script import Case, Script

Row = Mapping[str, Any]
Said = dict[str, Any]

NAMES = ("bob", "cleo", "dan", "eve", "finn", "gus", "hana", "ivo")
"""What the others in a test are called, in the order in which they come."""

KEEPER = "keeper"
"""Who defines the kinds."""

_CHANGING = re.compile(
    r"\{\{\w+\}\}"
    r"|\b[a-z_]+:\d+:\d+\b"  # positions
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b\d{1,2} [A-Z][a-z]+ \d{4} at \d\d:\d\d:\d\d UTC"
    r"|\b\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?"
    r"|\b\d+-\d+(?=\])"  # spans of documents
)


class NotPromotable(Exception):  # noqa: N818 - it says what the conversation is
    """This conversation makes no test; the sentence says why."""


@dataclass(frozen=True)
class Log:
    """All that is on record of a conversation, as its owner reads it.

    `turns` have the oldest first; `outcomes` are by command id; `pasts` have what happened to each resource in it, the
    oldest first; `kinds` are the definitions of theirs.
    """

    conversation: Row
    turns: Sequence[Row]
    roles: Sequence[str]
    outcomes: Mapping[str, Row]
    pasts: Mapping[str, Sequence[Row]]
    kinds: Sequence[Row]


def spoken_of(turns: Sequence[Row]) -> list[str]:
    """Give the ids of the resources that turns are about, or rest on, each once."""
    found: list[str] = []
    for turn in turns:
        asked = [*turn["posted"], *([turn["proposal"]] if turn["proposal"] else [])]
        found += [each["about"] for each in asked if each["action"].startswith("resource.")]
        found += [each["id"] for each in turn["citations"] if each["place"].startswith("resource:")]
        found += [msgspec.json.decode(each["value"]) for each in turn["slots"] if each["name"] == "resource_id"]
    return list(dict.fromkeys(found))


def promoted(log: Log, title: str) -> Script:
    """Make the test. Raises NotPromotable."""
    turns = [turn for turn in log.turns if turn["replied"] and turn["reply"] is not None]
    if not turns:
        raise NotPromotable("The agent answered nothing in this conversation; promote one in which it did.")
    places = _Places(log)
    steps: list[Said] = []
    for before, turn in zip((None, *turns), turns, strict=False):
        since = before["said_time"] if before else None
        steps += [{"meanwhile": given} for given in places.given(since, turn["said_time"]) if before]
        steps += _steps(turn, log, places)
    given = [*places.kinds(), *places.given(None, turns[0]["said_time"])]
    case: Said = {"test_case": title, "as": "ada", "steps": places.put(steps)}
    case |= {"roles": list(log.roles)} if log.roles else {}
    case |= {"given": places.put(given)} if given else {}
    return Script(test_cases=(Case.model_validate(case),))


def _steps(turn: Row, log: Log, places: "_Places") -> Iterator[Said]:
    yield _message(turn)
    if turn["intent"] is not None:
        yield {"intent": turn["intent"]}
    slots = {each["name"]: msgspec.json.decode(each["value"]) for each in turn["slots"]}
    if slots := places.without_made(slots):
        yield {"slot_was_set": [{"name": name, "value": value} for name, value in slots.items()]}
    if turn["proposal"] is not None:
        body = places.without_made(turn["proposal"]["body"])
        yield {"proposed": {"type": turn["proposal"]["action"], "payload": body}}
    yield from _commands(turn, log, places)
    yield {"bot": pattern(places.put(turn["reply"]))}
    cited = list(dict.fromkeys(each["id"] for each in turn["citations"] if each["kind"] != "memory"))
    if cited := [each for each in cited if each not in places.made]:
        yield {"cites": cited}
    if turn["intent"] == "talk.handover":
        yield {"handover": True}


def _message(turn: Row) -> Said:
    """Say what was said; a message that was not understood by its words agreed to what it named."""
    if turn["intent"] is None and turn["consent"] == "expired":
        raise NotPromotable(f"Turn {turn['turn']} agreed too late, for which a test would have to wait ten minutes.")
    if turn["intent"] is None and turn["consent"] is not None:
        return {"confirm": turn["consent"] == "confirmed"}
    return {"user": turn["text"]}


def _commands(turn: Row, log: Log, places: "_Places") -> Iterator[Said]:
    receipts = {each["command_id"]: each for each in turn["receipts"]}
    if not turn["posted"] and turn["proposal"] is None:
        yield {"nothing_posted": True}
    for posted in turn["posted"][-1:]:
        receipt = receipts.get(posted["command_id"], {"status": "pending", "code": None})
        said = {"type": posted["action"], "payload": places.without_made(posted["body"])}
        yield {"command_posted": said | {"status": receipt["status"], "code": receipt["code"]}}
        yield from ({"fact_recorded": fact} for fact in log.outcomes.get(posted["command_id"], {}).get("facts", ()))


def pattern(reply: str) -> str:
    """Give the text of an answer; an expression, where something in it is another in each run."""
    found = list(_CHANGING.finditer(reply))
    if all(each.group().startswith("{{") for each in found):
        return reply
    told, end = "", 0
    for each in found:
        told += _plain(reply[end : each.start()]) + (each.group() if each.group().startswith("{{") else ".+?")
        end = each.end()
    return f"/^{told}{_plain(reply[end:])}$/"


def _plain(text: str) -> str:
    """Let an expression find a text, and be read as it."""
    return re.sub(r"\\([\s-])", r"\1", re.escape(text))


class _Places:
    """What stands in a test in the place of what this conversation had."""

    def __init__(self, log: Log) -> None:
        self._log = log
        me = log.conversation["account_id"]
        asked = {receipt["command_id"] for turn in log.turns for receipt in turn["receipts"]}
        self.made = {id_ for id_, past in log.pasts.items() if past and past[0]["command_id"] in asked}
        self._done_here = asked
        others = [row["actor"]["id"] for past in log.pasts.values() for row in past]
        others += [row["data"]["account"] for past in log.pasts.values() for row in past if "account" in row["data"]]
        named = dict(zip(dict.fromkeys(each for each in others if each != me), NAMES, strict=False))
        self._people = {me: "ada", **named}
        given = [id_ for id_ in log.pasts if id_ not in self.made]
        self._ids = {id_: _own_id(id_, number) for number, id_ in enumerate(given)}

    def put(self, said: Any) -> Any:
        """Put placeholders in the place of ids and accounts, in all that JSON says."""
        match said:
            case str():
                return self._text(said)
            case list():
                return [self.put(each) for each in said]
            case Mapping():
                return {key: self.put(each) for key, each in said.items()}
            case _:
                return said

    def is_made(self, value: Any) -> bool:
        return isinstance(value, str) and value in self.made

    def without_made(self, body: Row) -> Said:
        """Leave out the ids of what was made here: they are others in each run."""
        return {name: value for name, value in body.items() if not self.is_made(value)}

    def kinds(self) -> Iterator[Said]:
        for kind in self._log.kinds:
            payload = {"kind": kind["kind"], "json_schema": kind["json_schema"]}
            yield {
                "as": KEEPER, "command": {"type": "kind.define", "payload": payload}, "unless": "kind_not_yours"
            }  # fmt: skip

    def given(self, since: str | None, until: str) -> list[Said]:
        """Give what others, or the person elsewhere, did to the resources from a moment on and before another."""
        rows = [
            (row["time"], id_, row)
            for id_, past in self._log.pasts.items()
            for row in past
            if row["command_id"] not in self._done_here and (since or "") <= row["time"] < until
        ]
        return [self._command(id_, row) for _, id_, row in sorted(rows, key=lambda each: each[0])]

    def _command(self, id_: str, row: Row) -> Said:
        type_, data = row["type"], row["data"]
        fields = _FIELDS.get(type_)
        if fields is None:
            raise NotPromotable(f"How {type_} of {id_} came about is not known to promoting.")
        payload = {"resource_id": id_} | {command: data[fact] for command, fact in fields.items() if fact in data}
        given: Said = {"command": {"type": _COMMANDS[type_], "payload": payload}}
        by = self._people.get(row["actor"]["id"], KEEPER)
        return given if by == "ada" else {"as": by} | given

    def _text(self, text: str) -> str:
        for id_, own in sorted(self._ids.items(), key=lambda each: -len(each[0])):
            text = _whole(id_, own, text)
        for account, name in sorted(self._people.items(), key=lambda each: -len(each[0])):
            text = _whole(account, f"{{{{{name}}}}}", text)
        return text


_FIELDS: Mapping[str, Mapping[str, str]] = {
    "resource.registered": {name: name for name in ("kind", "name", "attributes", "tags")},
    "resource.renamed": {"name": "name"},
    "resource.changed": {"patch": "patch"},
    "resource.tagged": {"tags": "tags"},
    "resource.untagged": {"tags": "tags"},
    "resource.shared": {"account": "account", "role": "role"},
    "resource.unshared": {"account": "account"},
    "resource.transferred": {"account": "owner"},
    "resource.trashed": {},
    "resource.restored": {},
    "resource.reverted": {"to_version": "to_version"},
}
"""Which fields of a fact its command had, by the names that they have there."""

_COMMANDS = {
    f"resource.{fact}": f"resource.{verb}"
    for fact, verb in {
        "registered": "register", "renamed": "rename", "changed": "change", "tagged": "tag", "untagged": "untag",
        "shared": "share", "unshared": "unshare", "transferred": "transfer", "trashed": "trash",
        "restored": "restore", "reverted": "revert",
    }.items()
}  # fmt: skip


def _own_id(id_: str, number: int) -> str:
    """Make an id of a run's own that people read as they read this one: its number is another."""
    word = re.match(r"[A-Za-z]+", id_)
    return f"{word.group() if word else 'resource'}-{number or ''}{{{{id}}}}"


def _whole(word: str, own: str, text: str) -> str:
    return re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", lambda _: own, text)
