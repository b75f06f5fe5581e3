"""Compares what clients were told with what stands in the journals: outcomes, acknowledgements and reads."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qs, urlsplit

from infra.faults.check.decided import Decided
from infra.faults.check.documents import answered, by_id, plain
from infra.faults.check.evidence import Evidence, Exchange, Findings, Read, Told
from infra.faults.check.rows import Row, resources, versions
from schemas.message import Outcome

SOUND = "answers, or why there is none"
OUTCOMES = "outcomes told"
PLACES = "places told"
LOOKED_UP = "outcomes looked up"
STORED = "commands stored as often as told"
READS = "reads as new as asked"
LAST_READS = "reads at the end"

REUSED = "idempotency_key_reused"
OK, ACCEPTED, MISSING, SERVER, UNAVAILABLE = 200, 202, 404, 500, 503


def compare(evidence: Evidence, decided: Decided, findings: Findings) -> None:
    requests = defaultdict(list)
    for told in evidence.told:
        requests[told.request].append(told)
        _outcome(told, decided, findings)
        _place(told, decided, findings)
        _sound(told, findings)
    for told in evidence.looked_up:
        _looked_up(told, decided, findings)
        _sound(told, findings)
    for request, answers in requests.items():
        _stored(request, answers, decided, findings)
    for each in evidence.exchanges:
        _exchanged(each, decided, findings)
    _reads(evidence.reads, decided, findings)
    _last_reads(evidence.last_reads, decided, findings)


def _sound(told: Told, findings: Findings) -> None:
    """See that a door which cannot answer says so, and why."""
    findings.count(SOUND)
    if told.status >= SERVER and told.status != UNAVAILABLE:
        findings.violate(SOUND, told.request, f"answered {told.status}: {told.body}")


def _exchanged(each: Exchange, decided: Decided, findings: Findings) -> None:
    """See the same of what people were told who ask no commands by themselves."""
    told = {name: value for name, value in each.body.items() if name in Outcome.model_fields or each.status != OK}
    _sound(Told(each.person, each.status, told), findings)
    if "command_id" in told:
        _outcome(Told(each.person, each.status, told), decided, findings)


def _outcome(told: Told, decided: Decided, findings: Findings) -> None:
    """See that an outcome is the one in the journal."""
    command_id = told.body.get("command_id", "")
    outcome = decided.outcomes.get(command_id)
    if told.status == OK and told.body.get("status") != "pending":
        wanted = outcome and outcome.model_dump(mode="json")
        findings.compare(OUTCOMES, told.request, Outcome(**told.body).model_dump(mode="json"), wanted)
    elif told.body.get("code") == REUSED:
        digests = {asked.meta.digest for asked in decided.asked[command_id]}
        if len(digests) < 2:  # noqa: PLR2004 - the first, and another
            findings.violate(OUTCOMES, told.request, f"told that its id was used for something else: {digests}")
        findings.count(OUTCOMES)
    elif told.body.get("position"):
        found = [told.body[name] for name in ("code", "detail", "position")]
        findings.compare(OUTCOMES, told.request, found, outcome and [outcome.code, outcome.reason, outcome.position])


def _looked_up(told: Told, decided: Decided, findings: Findings) -> None:
    """See that a command which was acknowledged is never unknown, and has no outcome but its own."""
    if told.status == MISSING:
        findings.violate(LOOKED_UP, told.request, f"{told.location} is unknown, and was acknowledged")
    elif told.status == OK and told.body["status"] != "pending":
        command_id = told.body["command_id"]
        (digest,) = parse_qs(urlsplit(told.location or "").query)["digest"]
        if digest != decided.asked[command_id][0].meta.digest:
            findings.compare(LOOKED_UP, told.request, told.body["code"], REUSED)
            return
        outcome = decided.outcomes.get(command_id)
        findings.compare(LOOKED_UP, told.request, told.body, outcome and outcome.model_dump(mode="json"))


def _place(told: Told, decided: Decided, findings: Findings) -> None:
    """See that a command stands where the door said, and is answered."""
    if told.status != ACCEPTED or told.location is None:
        return
    command_id = urlsplit(told.location).path.rpartition("/")[2]
    domain, partition, offset = parse_qs(urlsplit(told.location).query)["position"][0].split(":")
    place = ((domain, int(partition)), int(offset))
    if findings.compare(PLACES, told.request, place in decided.places[command_id], wanted=True):
        findings.compare(PLACES, f"{command_id} is answered", command_id in decided.outcomes, wanted=True)


def _stored(request: str, answers: Sequence[Told], decided: Decided, findings: Findings) -> None:
    """See that a request stands on its topic as often as it was acknowledged, more often only where unsure."""
    ids = {told.body["command_id"] for told in answers if told.body.get("command_id")}
    if len(ids) > 1:
        findings.violate(STORED, request, f"one Idempotency-Key gave several command ids: {sorted(ids)}")
    for command_id in ids:
        sure = sum(_acknowledged(told) for told in answers)
        unsure = sum(_unsure(told) for told in answers)
        times = len(decided.places[command_id])
        findings.count(STORED)
        if not sure <= times <= sure + unsure:
            told_so = f"it stands on its topic {times} times, acknowledged {sure} times and unsure {unsure} times"
            findings.violate(STORED, f"{request} ({command_id})", told_so)


def _acknowledged(told: Told) -> bool:
    return told.status in (OK, ACCEPTED) or told.body.get("code") == REUSED or bool(told.body.get("position"))


def _unsure(told: Told) -> bool:
    return not told.status or (told.status >= SERVER and told.body.get("may_be_stored") is not False)


def _reads(reads: Iterable[Read], decided: Decided, findings: Findings) -> None:
    """See that a read which asked for a version shows that one or a later one, just as it was."""
    unexplained = defaultdict(list)
    for read in reads:
        if read.status in (OK, MISSING):
            findings.count(READS)
            unexplained[read.resource_id].append(read)
    for row in versions(decided):
        if asking := unexplained.get(row["resource_id"]):
            unexplained[row["resource_id"]] = [read for read in asking if not _explains(row, read)]
    for resource_id, left in unexplained.items():
        for read in left:
            seen = read.body or read.status
            findings.violate(READS, resource_id, f"{read.actor} asked for at least version {read.least}, got {seen}")


def _explains(row: Row, read: Read) -> bool:
    if row["version"] < read.least:
        return False
    if read.status == MISSING:
        return read.actor not in row["readers"]
    return read.actor in row["readers"] and answered(read.body) == plain(row)


def _last_reads(reads: Sequence[Read], decided: Decided, findings: Findings) -> None:
    wanted = by_id(resources(decided))
    for read in reads:
        row = plain(wanted[read.resource_id])
        found = answered(read.body) if read.status == OK else read.status
        findings.compare(LAST_READS, read.resource_id, found, row)
