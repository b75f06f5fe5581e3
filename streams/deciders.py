"""The map: one line per domain says who decides on what."""

from dataclasses import dataclass
from typing import Any

from commands import kind as kind_rules
from commands import resource as resource_rules
from commands.decider import Decider
from schemas import kind, resource
from schemas.message import Domain


@dataclass(frozen=True, slots=True)
class Deciding:
    """A domain and its rules."""

    domain: Domain
    decider: Decider[Any]


DECIDERS = (
    Deciding(kind.DOMAIN, kind_rules.decider),
    Deciding(resource.DOMAIN, resource_rules.decider),
)
