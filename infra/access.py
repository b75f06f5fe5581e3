"""Who may do what on Kafka: doors, workers and the agent write commands, auditors what they read, workers facts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from schemas import audit, topics
from schemas.domains import DOMAINS
from schemas.topics import CHECKPOINTS

Resource = Literal["topic", "group", "cluster"]
CLUSTER = "kafka-cluster"
"""The name by which Kafka's authorizer knows the cluster itself."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A line of the table: what a user may do, on what, and what for.

    `name` is `*.commands` or `*.facts` for such a topic of every domain, else the name, or where names of groups begin
    if it ends with `*`. To read a group is to be a member of it.
    """

    user: str
    operations: tuple[str, ...]
    resource: Resource
    name: str
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """A right as Kafka's authorizer keeps it (an ACL)."""

    principal: str
    operation: str
    resource: str
    name: str
    pattern: str = "literal"
    permission: str = "allow"
    host: str = "*"


@dataclass(frozen=True, slots=True)
class Difference:
    """A right that Kafka lacks or should not have."""

    right: Right
    what: Literal["missing", "too much", "of a stranger"]


READINGS = topics.commands(audit.DOMAIN.name)

# Whoever may read or write a topic may describe it, and whoever may write one may be an idempotent producer: Kafka
# needs no right beside. No operation is `all`, for that would be to delete facts.
TABLE = (
    Grant("annal-api", ("write",), "topic", "*.commands", "doors bring commands onto their topics"),
    Grant("annal-api", ("read",), "topic", "*.facts", "doors know the kinds, and what was taken away"),
    Grant("annal-api", ("read", "write"), "topic", CHECKPOINTS.name, "doors show checkpoints, and make one to export"),
    Grant("annal-api", ("describe",), "group", "subscriber.*", "doors say how far others are behind who read facts"),
    Grant("annal-worker", ("read",), "topic", "*.commands", "workers decide commands"),
    Grant("annal-worker", ("write",), "topic", "*.commands", "policies, which run in workers, ask the next command"),
    Grant("annal-worker", ("read", "write"), "topic", "*.facts", "workers append to journals and open them again"),
    Grant("annal-worker", ("read",), "group", "annal.worker", "each partition is decided by one worker"),
    Grant("annal-worker", ("read",), "group", "annal.policies", "each fact is answered by one policy"),
    Grant("annal-worker", ("read",), "group", "annal.effects", "each erased person's key is destroyed by one worker"),
    Grant("annal-worker", ("read",), "group", "annal.mail", "each mail is sent by one worker"),
    Grant("annal-project", ("read",), "topic", "*.facts", "projections write facts into the read models"),
    Grant("annal-project", ("read",), "group", "annal.projection.*", "each journal is projected by one process"),
    Grant("annal-project", ("read", "write"), "topic", CHECKPOINTS.name, "a checkpoint is made every minute"),
    Grant("annal-agent", ("write",), "topic", "*.commands", "the agent asks in the name of whom it speaks with"),
    Grant("annal-agent", ("read",), "topic", "*.facts", "it hears messages, indexes resources, and knows as doors do"),
    Grant("annal-agent", ("read",), "topic", CHECKPOINTS.name, "it answers from checkpoints, to who may read them"),
    Grant("annal-agent", ("describe",), "group", "subscriber.*", "it says how far others are behind who read facts"),
    Grant("annal-agent", ("read",), "group", "annal.agent", "each message is answered by one agent"),
    Grant("annal-agent", ("read",), "group", "annal.knowledge", "each resource is indexed by one agent"),
    Grant("annal-agent", ("read",), "group", "annal.agent-webhook", "each answer is told to the webhook by one agent"),
    Grant("annal-admin", ("create", "describe", "describe_configs"), "topic", "*.commands", "`annal topics`"),
    Grant("annal-admin", ("create", "describe", "describe_configs"), "topic", "*.facts", "`annal topics`"),
    Grant("annal-admin", ("create", "describe", "describe_configs"), "topic", CHECKPOINTS.name, "`annal topics`"),
    Grant("annal-admin", ("describe",), "group", "annal.*", "`annal status`"),
    Grant("annal-admin", ("describe", "alter"), "cluster", CLUSTER, "`annal access`"),
    Grant(
        "annal-auditor", ("read",), "topic", "*.commands", "`annal verify` compares what was asked with what happened"
    ),
    Grant("annal-auditor", ("read",), "topic", "*.facts", "`annal verify` and `annal export` read all that happened"),
    Grant("annal-auditor", ("write",), "topic", READINGS, "what auditors read is noted first"),
    Grant("annal-auditor", ("read", "write"), "topic", CHECKPOINTS.name, "`annal checkpoint` and `annal export`"),
    Grant("annal-subscriber", ("read",), "topic", "*.facts", "others read facts, and write nothing"),
    Grant("annal-subscriber", ("read",), "topic", CHECKPOINTS.name, "others keep checkpoints elsewhere"),
    Grant("annal-subscriber", ("read",), "group", "subscriber.*", "in groups of their own"),
)

_EVERY = {"*.commands": topics.commands, "*.facts": topics.facts}

USERS = tuple(dict.fromkeys(grant.user for grant in TABLE))


def rights() -> frozenset[Right]:
    """Every right of the table, one for each topic there is."""
    return frozenset(right for grant in TABLE for right in _rights(grant))


def compare(found: Iterable[Right]) -> list[Difference]:
    """Say how what Kafka has differs from the table; of others than its users only who may write where they may."""
    found, wanted = set(found), rights()
    ours = {f"User:{user}" for user in USERS}
    surplus = sorted(found - wanted)
    return [
        *(Difference(right, "missing") for right in sorted(wanted - found)),
        *(Difference(right, "too much") for right in surplus if right.principal in ours),
        *(Difference(right, "of a stranger") for right in surplus if right.principal not in ours and _writes(right)),
    ]


def short(names: Iterable[str]) -> list[str]:
    """Say `*.facts` where the topics of all domains are meant."""
    left = set(names)
    for name, of in _EVERY.items():
        every = {of(domain.name) for domain in DOMAINS}
        if every <= left:
            left = left - every | {name}
    return sorted(left)


def _rights(grant: Grant) -> Iterator[Right]:
    pattern = "prefixed" if grant.resource == "group" and grant.name.endswith("*") else "literal"
    for operation in grant.operations:
        for name in _names(grant):
            yield Right(f"User:{grant.user}", operation, grant.resource, name, pattern)


def _names(grant: Grant) -> list[str]:
    if grant.name not in _EVERY:
        return [grant.name.removesuffix("*")]
    # Kafka knows what a name begins with and not what it ends with, so every topic is named.
    return [_EVERY[grant.name](domain.name) for domain in DOMAINS]


def _writes(right: Right) -> bool:
    """Whether a right lets somebody write to a topic of ours."""
    if (right.resource, right.permission) != ("topic", "allow") or right.operation not in {"write", "all"}:
        return False
    ours = [*(topic.name for domain in DOMAINS for topic in topics.of(domain)), CHECKPOINTS.name]
    if right.pattern == "prefixed":
        return any(name.startswith(right.name) for name in ours)
    return right.name == "*" or right.name in ours
