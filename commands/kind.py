"""The rules of kinds: who may define one, and what the definition may be."""

import msgspec

from commands.decider import Asking, Decider, Refused
from commands.definition import require_definition
from commands.text import canonical
from schemas.kind import DefineKind, KindCommand, KindDefined, KindFact


class Kind(msgspec.Struct, frozen=True, gc=False):
    """A kind by its newest definition, which is canonical JSON; version 0 is a kind that nobody defined."""

    version: int = 0
    owner: str = ""
    definition: str = ""
    description: str = ""


def decide(kind: Kind, command: KindCommand, asking: Asking) -> list[KindFact]:
    match command:
        case DefineKind():
            return _define(kind, command, asking.actor.id)


def _define(kind: Kind, command: DefineKind, actor: str) -> list[KindFact]:
    if kind.version and kind.owner != actor:
        raise Refused("kind_not_yours", "Another account defined this kind; define a kind of another name.")
    defined = Kind(kind.version + 1, actor, require_definition(command.json_schema), command.description)
    if (defined.definition, defined.description) == (kind.definition, kind.description):
        return []
    return [
        KindDefined(
            kind_version=defined.version,
            json_schema=command.json_schema,
            description=command.description,
            owner=actor,
        )
    ]


def evolve(_: Kind, fact: KindFact) -> Kind:
    match fact:
        case KindDefined():
            return Kind(fact.kind_version, fact.owner, canonical(fact.json_schema), fact.description)


decider = Decider(Kind(), decide, evolve)
