"""What may be said about auditing: that somebody read what is told to auditors only, and what they looked for.

The subject is the account that read.
"""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from schemas.message import Command, Domain, Fact, JsonObject
from schemas.person import AccountId

Reading = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f-]{36}$"), Field(description="The request: a random UUID.")
]
Path = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^/[^\x00]*$"),
    Field(description="What was read.", examples=["/v1/audit"]),
]
Asked = Annotated[
    JsonObject,
    Field(description="What was looked for, by parameter; network addresses sealed with the reader's key."),
]


class NoteReading(Command):
    """Put on record that an account reads what is told to auditors, before it is told."""

    type: ClassVar[str] = "audit.note_reading"
    account_id: AccountId
    reading: Reading
    path: Path
    asked: Asked

    @property
    def subject(self) -> str:
        return self.account_id


class ReadingNoted(Fact):
    """An account read what is told to auditors."""

    type: ClassVar[str] = "audit.reading_noted"
    reading: str
    path: str
    asked: JsonObject


AuditCommand = NoteReading
AuditFact = ReadingNoted

DOMAIN = Domain(name="audit", commands=(NoteReading,), facts=(ReadingNoted,), refusals={}, partitions=1)
