"""Compares every journal with what the sequential program makes of its commands, and knows every command's outcome."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from infra.faults.check import journal
from infra.faults.check.evidence import Evidence, Findings, Place
from infra.faults.check.journal import Counted, Journal
from infra.faults.check.reference import FREE, Answer, Kinds, Reference
from schemas.domains import DOMAINS
from schemas.kind import KindDefined
from schemas.message import Asked, CommandRejected, Domain, Fact, Outcome

DECIDED = "journals as decided in order"

BY_THE_JOURNAL = frozenset(
    {
        "command_undecodable",
        "command_expired",
        "command_from_the_future",
        "command_too_large",
        "subject_mismatch",
        "wrong_partition",
        "wrong_topic",
        "version_conflict",
        "rule_failed",
    }
)
"""Refusals that no rule of a domain makes; their sentences are free, but there must be one."""


class KindsInOrder:
    """The kinds up to any place of their journal."""

    def __init__(self) -> None:
        self._offsets: list[int] = []
        self._known: list[Kinds] = [{}]

    def add(self, offset: int, kind: str, defined: KindDefined) -> None:
        self._offsets.append(offset)
        self._known.append({**self._known[-1], (kind, defined.kind_version): defined.json_schema})

    def at(self, offset: int) -> Kinds:
        return self._known[bisect_right(self._offsets, offset)]


@dataclass
class Decided:
    """What all commands came to: the journals, the kinds, and for each command id its outcome, places and contents."""

    journals: dict[Place, Journal] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    places: dict[str, list[tuple[Place, int]]] = field(default_factory=lambda: defaultdict(list))
    asked: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))
    kinds: KindsInOrder = field(default_factory=KindsInOrder)


def decide(evidence: Evidence, findings: Findings) -> Decided:
    """Decide every command of every domain again and compare. Kinds come first: resources are checked against them."""
    decided = Decided()
    for domain in DOMAINS:
        for partition in range(domain.partitions):
            _partition(domain, partition, evidence, findings, decided)
    return decided


def _partition(domain: Domain, number: int, evidence: Evidence, findings: Findings, decided: Decided) -> None:
    place = (domain.name, number)
    found = journal.read(place, evidence.facts.get(place, ()), findings)
    decided.journals[place] = found
    by_command = _by_command(found.counted)
    reference = Reference(domain, number, decided.kinds.at)
    for answer in reference.decide(evidence.commands.get(place, ())):
        _compare(found, answer, by_command.pop(answer.offset, ()), findings)
        _remember(place, answer, decided)
    for offset in by_command:
        findings.violate(DECIDED, f"{domain.name}:{number}", f"there is no command at {offset}, and it is answered")
    for counted in found.counted:
        fact = counted.recorded.fact
        if isinstance(fact, KindDefined):
            decided.kinds.add(counted.offset, counted.recorded.meta.subject, fact)
        decided.outcomes[counted.recorded.meta.command_id] = _outcome(found, counted, decided.outcomes)


def _by_command(counted: Iterable[Counted]) -> dict[int, list[Counted]]:
    by_command: dict[int, list[Counted]] = {}
    for each in counted:
        by_command.setdefault(each.recorded.meta.command_offset, []).append(each)
    return by_command


def _compare(found: Journal, answer: Answer, counted: Iterable[Counted], findings: Findings) -> None:
    """Compare what a command left with what it must have left, record by record."""
    where = f"command {answer.command_id} at {found.place[0]}:{found.place[1]}:{answer.offset}"
    left = [(each.key, _plain(each.recorded.fact), each.recorded.meta) for each in counted]
    wanted = [(answer.key, _plain(each.fact), each.meta) for each in answer.records]
    if not left and wanted:
        findings.count(DECIDED)
        findings.violate(DECIDED, where, f"is not answered; it was to leave {wanted[0][1]!r}")
    elif left and answer.repeats:
        findings.count(DECIDED)
        findings.violate(DECIDED, where, f"repeats an id and left {left[0][1]!r}")
    else:
        findings.compare(DECIDED, where, left, wanted)


def _plain(fact: Fact) -> Fact:
    """Take from a refusal of the journal its free sentence."""
    if isinstance(fact, CommandRejected) and fact.code in BY_THE_JOURNAL:
        return fact.model_copy(update={"reason": FREE if fact.reason else ""})
    return fact


def _remember(place: Place, answer: Answer, decided: Decided) -> None:
    decided.places[answer.command_id].append((place, answer.offset))
    if answer.asked is not None:
        decided.asked[answer.command_id].append(answer.asked)


def _outcome(found: Journal, counted: Counted, before: Mapping[str, Outcome]) -> Outcome:
    """Give what a command came to, as its last record tells it."""
    meta, fact = counted.recorded.meta, counted.recorded.fact
    refusal = fact if isinstance(fact, CommandRejected) else None
    earlier = before[meta.command_id].facts if meta.command_id in before else ()
    return Outcome(
        command_id=meta.command_id,
        status="rejected" if refusal else "accepted",
        type=meta.command_type,
        subject=meta.subject,
        version=meta.version,
        position=found.position(counted),
        facts=(*earlier, meta.type) if journal.happened(counted.recorded) else (),
        code=refusal and refusal.code,
        reason=refusal and refusal.reason,
    )
