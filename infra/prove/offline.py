"""Verifies an export with nothing but its file, and checkpoints and a key that were kept elsewhere.

It needs no Kafka, no database and no settings, and imports nothing of this project but what says how facts, checkpoints
and exports are written (schemas): an auditor can read all of it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from infra.prove.lines import Lines, opened
from schemas import journal
from schemas.checkpoint import Checkpoint, Forged, Journal, Statement, contradiction, leaf
from schemas.contracts import committed
from schemas.export import Facts, Line, Manifest, Proved
from schemas.journal import GENESIS
from schemas.merkle import leads
from schemas.message import Position
from schemas.signed import canonical

_contracts = cache(committed)

TOLD = 20
"""Findings that are told; a file that is wrong everywhere need not be told of a million times."""


class Finding(NamedTuple):
    """Something that is not as it must be: in which line, of which record, and what."""

    line: int | None
    position: str | None
    said: str

    def __str__(self) -> str:
        place = [*([f"line {self.line}"] if self.line else []), *([self.position] if self.position else [])]
        return f"{', '.join(place)}: {self.said}" if place else self.said


@dataclass
class Verdict:
    """What was looked at, and what was found; all is well when nothing was."""

    manifest: Manifest | None = None
    lines: int = 0
    kept: int = 0
    findings: list[Finding] = field(default_factory=list)

    def find(self, said: str, line: int | None = None, position: str | None = None) -> None:
        self.findings.append(Finding(line, position, said))


def verify(file: Path, kept: Iterable[Path] = (), key: str | None = None) -> Verdict:
    """Verify an export. `kept` are checkpoints, files or directories of them, and `key` is the public key expected."""
    verdict = Verdict()
    try:
        lines = opened(file)
        manifest = verdict.manifest = Manifest.read(lines.manifest)
    except OSError as error:
        verdict.find(f"{error.filename} cannot be read: {error.strerror}.")
        return verdict
    except Forged as error:
        verdict.find(str(error))
        return verdict
    if manifest.format != lines.format:
        verdict.find(f"The manifest is of a {manifest.format} file; this one is {lines.format}.")
    _check_keys(manifest, key, verdict)
    _check_kept(manifest, _kept(kept, verdict), verdict)
    _check_blocks(manifest, verdict)
    _Walk(manifest, verdict).through(lines)
    return verdict


# ── the manifest and its checkpoints ──────────────────────────────────────────────────────────────────────────────────


def _check_keys(manifest: Manifest, key: str | None, verdict: Verdict) -> None:
    """See that all is signed by one key, and by the one expected."""
    if key is not None and manifest.key != key:
        verdict.find(f"The manifest is signed by the key {manifest.key}, and the one expected is {key}.")
    for statement in manifest.statements:
        try:
            statement.refuse_forged()
        except Forged as error:
            verdict.find(str(error))
        if statement.key != manifest.key:
            verdict.find(f"Checkpoint {statement.number} is by another key than the manifest, {statement.key}.")
    for before, after in pairwise(manifest.statements):
        if before.number >= after.number or not _may_follow(before, after):
            verdict.find(f"Checkpoint {after.number} does not follow on {before.number}, which stands before it.")


def _may_follow(before: Statement, after: Statement) -> bool:
    return before.time <= after.time and (before.number + 1 < after.number or after.previous == before.hash())


def files_of(kept: Path) -> list[Path]:
    """Give the files of checkpoints that a file or a directory is."""
    return sorted(kept.glob("*.json")) if kept.is_dir() else [kept]


def checkpoints(files: Iterable[Path], find: Callable[[str], object]) -> dict[int, tuple[Path, Checkpoint]]:
    """Read checkpoints that were kept elsewhere, by their numbers, each with its file; `find` hears what is wrong."""
    found: dict[int, tuple[Path, Checkpoint]] = {}
    for path in files:
        try:
            checkpoint = Checkpoint.read(path.read_bytes())
        except OSError as error:
            find(f"{path} cannot be read: {error.strerror}.")
            continue
        except Forged as error:
            find(f"{path}: {error}")
            continue
        number = checkpoint.statement.number
        if found.setdefault(number, (path, checkpoint))[1] != checkpoint:
            find(f"{path}: there are two checkpoints {number}, and they say different things.")
    return found


def _kept(kept: Iterable[Path], verdict: Verdict) -> dict[int, Checkpoint] | None:
    """Read checkpoints that were kept elsewhere, and see that each follows on the last; None if none were named."""
    named = list(kept)
    files = (file for each in named for file in files_of(each))
    found = {number: checkpoint for number, (_, checkpoint) in checkpoints(files, verdict.find).items()}
    for number, after in sorted(found.items()):
        wrong = contradiction(found.get(number - 1), after) if number == 1 or number - 1 in found else None
        if wrong:
            verdict.find(wrong)
    verdict.kept = len(found)
    return found if named else None


def _check_kept(manifest: Manifest, kept: dict[int, Checkpoint] | None, verdict: Verdict) -> None:
    if kept is None:
        return
    for checkpoint in kept.values():
        if checkpoint.statement.key != manifest.key:
            verdict.find(
                f"Checkpoint {checkpoint.statement.number}, which was kept, is by another key than the export, "
                f"{checkpoint.statement.key}."
            )
    for statement in manifest.statements:
        known = kept.get(statement.number)
        if known is None:
            verdict.find(
                f"Checkpoint {statement.number} proves lines here and is not among those that were kept: name the "
                f"file {statement.number}.json too."
            )
        elif known.statement != statement:
            verdict.find(f"Checkpoint {statement.number} says something else here than where it was kept.")


def _check_blocks(manifest: Manifest, verdict: Verdict) -> None:
    statements = {statement.number: statement for statement in manifest.statements}
    for proved in manifest.blocks:
        statement = statements.get(proved.checkpoint)
        block = canonical(proved.block.model_dump())
        root = bytes.fromhex(statement.root) if statement else b""
        if not leads(block, proved.index, proved.of, [bytes.fromhex(each) for each in proved.path], root):
            verdict.find(f"Checkpoint {proved.checkpoint} does not say that of the journal {proved.block.journal}.")


# ── the lines ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Walk:
    """Goes through the lines, each of which must be the next, and be proved."""

    def __init__(self, manifest: Manifest, verdict: Verdict) -> None:
        self._manifest = manifest
        self._verdict = verdict
        self._facts = Facts.named(manifest.contracts, _contracts())
        self._blocks = {(each.checkpoint, each.block.journal): each for each in manifest.blocks}
        self._ends = {each.block.journal: each for each in manifest.blocks}
        self._heads = dict.fromkeys(self._ends, GENESIS)
        self._due = 1
        self._last: tuple[Journal, int] | None = None

    def through(self, lines: Lines) -> None:
        verdict, manifest = self._verdict, self._manifest
        for number, (line, why) in enumerate(lines, 1):
            verdict.lines = number
            if line is None:
                verdict.find(f"it is no line of an export: {why}", number)
                self._due += 1
            else:
                self._see(number, line, why)
            if len(verdict.findings) >= TOLD:
                return
        if manifest.whole:
            self._see_ends()
        if verdict.lines != manifest.count:
            verdict.find(f"The file has {verdict.lines} lines, and its manifest is of {manifest.count}.")
        elif lines.sha256() != manifest.sha256 and not verdict.findings:
            verdict.find(
                "Each line is proved, and yet the file is not that of the manifest: something was put between the "
                "lines, or the manifest is that of another file."
            )

    def _see(self, number: int, line: Line, why: str) -> None:
        position = line.position[:100]
        if line.line != self._due:
            said = f"it says that it is line {line.line}, and was to be {self._due}: one was removed or added"
            self._verdict.find(said, number, position)
        if why:
            self._verdict.find(why, number, position)
        try:
            self._see_record(line)
        except Forged as error:
            self._verdict.find(str(error), number, position)
        self._due = line.line + 1

    def _see_record(self, line: Line) -> None:
        """Raise Forged unless the record of a line is in its order and proved, and the fact is what it says."""
        position = line.place()
        at = Journal(position.domain, position.partition), position.offset
        if self._last is not None and at <= self._last:
            raise Forged("it stands after a record that it was to stand before")
        self._last = at
        key, value = line.record()
        record = journal.link(bytes.fromhex(line.prev), key, value)
        if self._manifest.whole:
            self._see_chained(line, at, record)
        else:
            _see_proved(line, position, record, self._blocks.get((line.checkpoint or 0, at[0])))
        if canonical(self._facts.plain(value)) != canonical(line.fact):
            raise Forged("the fact shown is not what the record's value says")

    def _see_chained(self, line: Line, at: tuple[Journal, int], record: bytes) -> None:
        name, offset = at
        if name not in self._ends or offset >= self._ends[name].block.next:
            raise Forged("no checkpoint of the manifest knows the record")
        head, self._heads[name] = self._heads[name], record
        if bytes.fromhex(line.prev) != head:
            raise Forged(
                f"it follows on a record of the hash {line.prev}, and the one before it has {head.hex()}: "
                "one was changed, removed or added"
            )

    def _see_ends(self) -> None:
        for name, proved in self._ends.items():
            head = self._heads[name].hex()
            if head != proved.block.head:
                self._verdict.find(
                    f"The journal {name} ends here with a record of the hash {head}, and checkpoint "
                    f"{proved.checkpoint} says {proved.block.head}: its last records were changed, removed or added."
                )


def _see_proved(line: Line, position: Position, record: bytes, proved: Proved | None) -> None:
    if proved is None or not proved.block.start <= position.offset < proved.block.next:
        raise Forged(f"checkpoint {line.checkpoint} of the manifest has no block in which the record stands")
    path: Sequence[bytes] = [bytes.fromhex(each) for each in line.path]
    root = bytes.fromhex(proved.block.root)
    if not leads(leaf(position.offset, record), line.index or 0, proved.block.count, path, root):
        raise Forged(f"the record is not the one that checkpoint {line.checkpoint} proves: it was changed or swapped")
