"""The rules of characters: who may load one, and that a document has a name and is not too large.

Whoever loads a character first owns it, and loads its next versions; so may who has the permission for others', in the
owner's name. A character that was retired may be loaded again.
"""

import hashlib
from typing import Literal

from msgspec import Struct

from commands.decider import Asking, Decider, Refused
from commands.text import canonical
from schemas.character import (
    LARGEST,
    CharacterCommand,
    CharacterFact,
    CharacterLoaded,
    CharacterRetired,
    LoadCharacter,
    RetireCharacter,
    name_of,
)
from schemas.message import JsonObject


class Character(Struct, frozen=True, gc=False):
    """A character, absent at first. `digest` is of its document and files: so much is all that rules need of them."""

    status: Literal["absent", "loaded", "retired"] = "absent"
    owner: str = ""
    digest: str = ""


def decide(character: Character, command: CharacterCommand, asking: Asking) -> list[CharacterFact]:
    match command:
        case LoadCharacter():
            return _load(character, command, asking)
        case RetireCharacter():
            return _retire(character, asking)


def _load(character: Character, command: LoadCharacter, asking: Asking) -> list[CharacterFact]:
    if character.status != "absent":
        _require_own(character, asking)
    name = name_of(command.document)
    if not name:
        raise Refused("character_nameless", "Give the character a `name`; all else may be left out.")
    text = _text(command.document, command.files)
    size = len(text.encode())
    if size > LARGEST:
        told = f"Make it smaller: with its files it takes {size} bytes as JSON, of {LARGEST} allowed."
        raise Refused("character_too_large", told)
    if (character.status, character.digest) == ("loaded", _digest(text)):
        return []
    owner = character.owner or asking.actor.id
    return [CharacterLoaded(name=name, owner=owner, document=command.document, files=command.files)]


def _retire(character: Character, asking: Asking) -> list[CharacterFact]:
    if character.status == "absent":
        raise Refused("character_unknown", "There is no such character; take its id from the list of characters.")
    _require_own(character, asking)
    return [] if character.status == "retired" else [CharacterRetired()]


def _require_own(character: Character, asking: Asking) -> None:
    if not asking.by(character.owner):
        told = "Another account loaded this character; load yours under another `character_id`."
        raise Refused("character_not_yours", told)


def _text(document: JsonObject, files: JsonObject) -> str:
    return canonical([document, files])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def evolve(character: Character, fact: CharacterFact) -> Character:
    match fact:
        case CharacterLoaded():
            return Character("loaded", fact.owner, _digest(_text(fact.document, fact.files)))
        case CharacterRetired():
            return Character("retired", character.owner, character.digest)


decider = Decider(Character(), decide, evolve)
