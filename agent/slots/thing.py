"""What a text may speak of: the things that a person may see, and what was spoken of before."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct


class Thing(Struct, frozen=True, omit_defaults=True):
    """A thing that the person may see: its domain and id, what it is called, of which kind it is, and as of where.

    An account that goes by a name and by an address is two things of one id.
    """

    domain: str
    id: str
    name: str = ""
    kind: str = ""
    position: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the words.

    `now` is a moment in UTC; `me` the account that speaks. `mentioned` are the things spoken of, the latest first;
    `candidates` those that the person was just asked to choose from, in the order shown; `asked` is the parameter that
    the person was just asked for.
    """

    now: datetime
    me: str | None = None
    mentioned: tuple[Thing, ...] = ()
    candidates: tuple[Thing, ...] = ()
    asked: str | None = None
