"""Commands by chance: a few accounts ask things about a few subjects; for laws of rules, journals and read models."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from schemas.kind import DefineKind
from schemas.message import Command, JsonObject
from schemas.resource import (
    ChangeResource,
    RegisterResource,
    RenameResource,
    RestoreResource,
    RevertResource,
    ShareResource,
    TagResource,
    TransferResource,
    TrashResource,
    UnshareResource,
    UntagResource,
)

AMOUNT: JsonObject = {
    "type": "object",
    "properties": {"amount": {"type": "number", "minimum": 0}, "currency": {"type": "string"}},
    "required": ["amount"],
    "additionalProperties": False,
}

TWICE: JsonObject = {"allOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}]}

DEFINITIONS = (
    DefineKind(kind="note", json_schema={"type": "object"}),
    DefineKind(kind="invoice", json_schema=AMOUNT),
    DefineKind(kind="invoice", json_schema=AMOUNT | {"required": ["amount", "currency"]}),
    DefineKind(kind="twice", json_schema=TWICE),
)
"""Asked in this order by one account, each stands at its index in `kind.facts`."""

KINDS: dict[tuple[str, int], JsonObject] = {
    ("note", 1): DEFINITIONS[0].json_schema,
    ("invoice", 1): DEFINITIONS[1].json_schema,
    ("invoice", 2): DEFINITIONS[2].json_schema,
    ("twice", 1): DEFINITIONS[3].json_schema,
}
"""What the definitions make, as the rules of resources see it."""

ACCOUNTS = ("alice", "bob", "carol")
SUBJECTS = ("r1", "r2")
KNOWN = len(DEFINITIONS) - 1

NOTES: tuple[JsonObject, ...] = (
    {},
    {"a": 1},
    {"a": True},
    {"a": None},
    {"a": {"b": 1}},
    {"a": {"b": None}},
    {"b": ["é", None]},
)
INVOICES: tuple[JsonObject, ...] = (
    {"amount": 1},
    {"amount": 1.0},
    {"amount": 2, "currency": "EUR"},
    {"currency": None},
    {"amount": -1},
)
WORDS = ("a", "b", "é")
TAGS = (("a",), ("b", "a"), ("c", "c"), ())

Asked = tuple[str, Command]
"""Who asks, and what."""


def resource_commands(subject: str) -> dict[str, list[Command]]:
    """Give some commands of every type about one subject; what each type may hold is met in one of them."""
    about = {"resource_id": subject}
    filled_in = {"name": "a", "kind_position": KNOWN}
    commands: tuple[Command, ...] = (
        *(RegisterResource(**about, **filled_in, kind="note", attributes=each, kind_version=1) for each in NOTES),
        *(RegisterResource(**about, **filled_in, kind="invoice", attributes=each, kind_version=2) for each in INVOICES),
        *(RenameResource(**about, name=word) for word in WORDS),
        *(ChangeResource(**about, patch=each, kind_position=KNOWN) for each in NOTES + INVOICES),
        *(ChangeResource(**about, patch=INVOICES[2], kind_version=n, kind_position=KNOWN) for n in (1, 2, 3)),
        *(TagResource(**about, tags=tags) for tags in TAGS),
        *(UntagResource(**about, tags=tags) for tags in TAGS),
        *(ShareResource(**about, account=account, role="editor") for account in ACCOUNTS),
        *(ShareResource(**about, account=account, role="viewer") for account in ACCOUNTS),
        *(UnshareResource(**about, account=account) for account in ACCOUNTS),
        *(TransferResource(**about, account=account) for account in ACCOUNTS),
        TrashResource(**about),
        RestoreResource(**about),
        *(RevertResource(**about, to_version=n) for n in range(1, 7)),
    )
    return {of: [command for command in commands if command.type == of] for of in sorted({c.type for c in commands})}


def resource_sequences(subjects: tuple[str, ...] = SUBJECTS, most: int = 24) -> SearchStrategy[list[Asked]]:
    """Give sequences in which alice registers every subject and goes on asking most, and others try as well."""
    first = [
        RegisterResource(
            resource_id=subject,
            kind="invoice",
            name="a",
            attributes={"amount": 1},
            kind_version=1,
            kind_position=KNOWN,
        )
        for subject in subjects
    ]
    by_type = [commands for subject in subjects for commands in resource_commands(subject).values()]
    command = st.one_of([st.sampled_from(commands) for commands in by_type])
    rest = st.lists(st.tuples(st.sampled_from(("alice",) * 4 + ACCOUNTS), command), min_size=most // 2, max_size=most)
    return rest.map(lambda asked: [*(("alice", register) for register in first), *asked])


def kind_sequences(most: int = 12) -> SearchStrategy[list[Asked]]:
    """Give sequences of definitions, some of them no definitions."""
    schemas: tuple[JsonObject, ...] = ({}, {"const": 1}, {"const": True}, {"type": "string"}, {"$ref": "#"})
    commands = [
        DefineKind(kind=kind, json_schema=schema, description=description)
        for kind in ("note", "invoice")
        for schema in schemas
        for description in ("", "A kind.")
    ]
    return st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(commands)), max_size=most)


words = st.sampled_from(WORDS)
scalars = st.none() | st.booleans() | st.integers(0, 1) | words
values: SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2), max_leaves=4
)
objects: SearchStrategy[JsonObject] = st.dictionaries(words, values, max_size=3)
"""JSON objects of a few names, so that two of them often meet."""
