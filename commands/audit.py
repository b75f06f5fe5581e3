"""The rules of auditing: each reading is noted once."""

from msgspec import Struct

from commands.decider import Asking, Decider
from schemas.audit import AuditCommand, AuditFact, NoteReading, ReadingNoted


class Audit(Struct, frozen=True, gc=False):
    """The reading that was noted last."""

    reading: str = ""


def decide(audit: Audit, command: AuditCommand, _: Asking) -> list[AuditFact]:
    match command:
        case NoteReading():
            if command.reading == audit.reading:
                return []
            return [ReadingNoted(reading=command.reading, path=command.path, asked=command.asked)]


def evolve(_: Audit, fact: AuditFact) -> Audit:
    match fact:
        case ReadingNoted():
            return Audit(fact.reading)


decider = Decider(Audit(), decide, evolve)
