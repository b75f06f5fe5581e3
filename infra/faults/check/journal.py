"""Reads a journal as design §3 says, with code of its own: which records count, what they say, and that they fit."""

import struct
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from infra.faults.check.evidence import Findings, Place, Stored
from schemas import wire
from schemas.message import CommandRejected, CommandUnchanged, Recorded

CHAIN, VERSIONS, ONCE = "chain", "versions without gaps", "every command answered once"


@dataclass(frozen=True, slots=True)
class Counted:
    """A record that counts."""

    offset: int
    key: bytes
    recorded: Recorded


@dataclass
class Journal:
    """One partition of facts: the records that count, how many do not, where it ends, and the hash of its head."""

    place: Place
    counted: list[Counted] = field(default_factory=list)
    void: int = 0
    end: int = 0
    head: bytes = bytes(32)

    def position(self, counted: Counted) -> str:
        domain, partition = self.place
        return f"{domain}:{partition}:{counted.offset}"


def happened(recorded: Recorded) -> bool:
    """Say whether a record changed its subject."""
    return not isinstance(recorded.fact, CommandRejected | CommandUnchanged)


def read(place: Place, records: Iterable[Stored], findings: Findings) -> Journal:
    """Follow the chain from its beginning."""
    journal = Journal(place)
    for record in records:
        journal.end = record.offset + 1
        findings.count(CHAIN)
        if dict(record.headers).get("prev") != journal.head.hex().encode():
            journal.void += 1
            continue
        journal.head = _hash(journal.head, record.key, record.value)
        try:
            recorded = wire.decode_fact(record.value)
        except wire.Undecodable as error:
            findings.violate(CHAIN, (*place, record.offset), f"a record that counts cannot be read: {error}")
            continue
        journal.counted.append(Counted(record.offset, record.key, recorded))
    _follow_versions(journal, findings)
    _answer_once(journal, findings)
    return journal


def _hash(prev: bytes, key: bytes, value: bytes) -> bytes:
    hashed = sha256()
    for part in (prev, key, value):
        hashed.update(struct.pack(">I", len(part)))
        hashed.update(part)
    return hashed.digest()


def _follow_versions(journal: Journal, findings: Findings) -> None:
    """See that the facts of a subject count up from 1, and that whatever changes nothing leaves the version alone."""
    versions: dict[bytes, int] = defaultdict(int)
    for counted in journal.counted:
        versions[counted.key] += happened(counted.recorded)
        findings.compare(VERSIONS, journal.position(counted), counted.recorded.meta.version, versions[counted.key])


def _answer_once(journal: Journal, findings: Findings) -> None:
    """See that commands are answered in their order, none twice, and no two by facts of the same id."""
    answered: dict[str, int] = {}
    facts: set[str] = set()
    newest = -1
    for counted in journal.counted:
        meta = counted.recorded.meta
        findings.count(ONCE)
        first = answered.setdefault(meta.command_id, meta.command_offset)
        if first != meta.command_offset:
            told = f"command {meta.command_id} was answered at its offset {first} and again at {meta.command_offset}"
            findings.violate(ONCE, journal.position(counted), told)
        if meta.command_offset < newest:
            findings.violate(ONCE, journal.position(counted), f"offset {meta.command_offset} answered after {newest}")
        if meta.id in facts:
            findings.violate(ONCE, journal.position(counted), f"fact {meta.id} stands here a second time")
        newest = max(newest, meta.command_offset)
        facts.add(meta.id)
