"""The contracts as a Schema Registry holds them: subjects, their versions, and ids.

A subject is a topic and the name of a record that stands on it, `resource.facts-annal.resource.ResourceRegistered`;
Confluent's clients call that TopicRecordNameStrategy.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from schemas import topics
from schemas.avro import full_name, record_name
from schemas.contracts import Contract
from schemas.message import CommandMeta, Domain

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
LATEST = "latest"


class Unregistered(Exception):  # noqa: N818 - an answer, with a code that Confluent's clients know
    """Nothing is registered under what was asked for, or it can be no version."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of a subject; the schema is JSON as text."""

    subject: str
    version: int
    id: int
    schema: str


class Registry:
    """Contracts, to be looked up in the ways of Confluent's API; each look-up may raise Unregistered."""

    def __init__(self, contracts: Iterable[Contract], domains: Sequence[Domain]) -> None:
        self._subjects: dict[str, list[Entry]] = defaultdict(list)
        self._ids: dict[str, list[Entry]] = defaultdict(list)
        for contract in contracts:
            schema = orjson.dumps(contract.schema).decode()
            for subject in subjects(contract, domains):
                entry = Entry(subject, contract.version, contract.id, schema)
                self._subjects[subject].append(entry)
                self._ids[str(contract.id)].append(entry)

    def subjects(self) -> list[str]:
        return sorted(self._subjects)

    def entries(self, number: str) -> Sequence[Entry]:
        """Give the places of a schema by its id."""
        if number not in self._ids:
            raise Unregistered(40403, f"Schema {number} not found")
        return self._ids[number]

    def versions(self, subject: str) -> Sequence[Entry]:
        if subject not in self._subjects:
            raise Unregistered(40401, f"Subject '{subject}' not found.")
        return self._subjects[subject]

    def version(self, subject: str, version: str) -> Entry:
        """Give one version of a subject, or its latest."""
        entries = self.versions(subject)
        if version == LATEST:
            return entries[-1]
        if not (version.isascii() and version.isdigit() and int(version)):
            raise Unregistered(42202, f"'{version}' is no version: say {LATEST} or a number from 1.")
        for entry in entries:
            if str(entry.version) == version:
                return entry
        raise Unregistered(40402, f"Version {version} not found.")

    def find(self, subject: str, asked: bytes) -> Entry:
        """Give the version of a subject that has the schema in a request, which is JSON in JSON."""
        try:
            schema = orjson.loads(orjson.loads(asked)["schema"])
        except (ValueError, KeyError, TypeError):
            raise Unregistered(42201, 'What is asked is not {"schema": "…"} with an Avro schema in it.') from None
        for entry in self.versions(subject):
            if orjson.loads(entry.schema) == schema:
                return entry
        raise Unregistered(40403, "Schema not found")


def subjects(contract: Contract, domains: Sequence[Domain]) -> list[str]:
    """Name the subjects of a contract: one, but for those facts that stand in the journals of all domains."""
    meta = record_name(contract.schema["fields"][0]["type"])
    topic = topics.commands if meta == full_name(CommandMeta) else topics.facts
    words = contract.name.split(".")[1:-1] or [domain.name for domain in domains]
    return [f"{topic(word)}-{contract.name}" for word in words]
