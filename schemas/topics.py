"""Every topic: its name, partitions and how long it is kept."""

from dataclasses import dataclass

from schemas.message import Domain

FOREVER = -1
COMMANDS_KEPT_MS = 30 * 24 * 3600 * 1000
"""Commands are kept 30 days: longer than any id is remembered, and enough to check a journal against what was asked."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and the settings its correctness rests on; `partitions` never changes once it exists."""

    name: str
    partitions: int
    config: dict[str, str]


def commands(domain: str) -> str:
    return f"{domain}.commands"


def facts(domain: str) -> str:
    return f"{domain}.facts"


def of(domain: Domain) -> tuple[Topic, Topic]:
    """The two topics of a domain, with equal partition counts: partition p is decided into journal p."""
    return (
        Topic(
            commands(domain.name),
            domain.partitions,
            # The broker's clock is the time of a command: two workers deciding it see the same one (design §3, rule 7).
            {"message.timestamp.type": "LogAppendTime", "retention.ms": str(COMMANDS_KEPT_MS)},
        ),
        Topic(
            facts(domain.name),
            domain.partitions,
            {"cleanup.policy": "delete", "retention.ms": str(FOREVER), "retention.bytes": str(FOREVER)},
        ),
    )


CHECKPOINTS = Topic(
    "annal.checkpoints",
    1,
    {"cleanup.policy": "delete", "retention.ms": str(FOREVER), "retention.bytes": str(FOREVER)},
)
"""Of one partition, for each checkpoint names the one before (schemas/checkpoint.py)."""
