"""What a door adds to a command that people ask: a field that it fills in, and a name where none is given."""

import uuid_utils

from schemas.account import OpenServiceAccount
from schemas.message import Command, JsonObject
from schemas.resource import RegisterResource

NAMED_BY_DOOR: dict[type[Command], str] = {RegisterResource: "resource_id", OpenServiceAccount: "account_id"}
"""Commands that bring a subject into being, and the field that names it: left out, the door finds a name never used."""

FILLED_BY_DOOR = "kind_position"

_IDS = uuid_utils.UUID("a6b1f3f4-2f0e-5a53-8a0a-1d7be1f6c1a9")


def named(*parts: str) -> str:
    """Make a command's id, or a subject's, of what names the request: who asks, their key, the type, the subject."""
    return str(uuid_utils.uuid5(_IDS, "\n".join(parts)))


def as_the_door_takes_it(command: type[Command], schema: JsonObject) -> None:
    """Change a command's JSON Schema: leave out what the door fills in, and ask for no name where it finds one."""
    schema["properties"].pop(FILLED_BY_DOOR, None)
    naming = NAMED_BY_DOOR.get(command)
    if naming is not None:
        schema["required"].remove(naming)
        schema["properties"][naming]["description"] += " Left out, the door finds a new one."
