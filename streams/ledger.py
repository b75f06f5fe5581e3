"""One partition's memory: the fold of its journal, and what the next commands would add to it. Touches no network."""

import base64
from collections.abc import Sequence
from typing import Any

import structlog

from commands.decider import Asking, Decider, Refused, step
from schemas import wire
from schemas.journal import Chain, after, before, hashed, link
from schemas.message import CommandMeta, CommandRejected, CommandUnchanged, Domain, Fact, Outcome, Position, Recorded
from streams.records import (
    APPEND_BYTES,
    HEADER_BYTES,
    LARGEST_ANSWER,
    REMEMBERED_MS,
    SUBJECT_BYTES,
    UNDECODABLE_BYTES,
    Draft,
    Entry,
    KnownKinds,
    Record,
    answer_of,
    check,
    check_version,
    fact_meta,
    kind_position,
    sorry,
    unnamed,
)
from streams.store import Answer, Mark, Store

log = structlog.get_logger()

CACHED_STATES = 100_000


class OtherJournal(Exception):  # noqa: N818 - a state of the log
    """The journal is not the one that is remembered: its topic was made anew, or the cluster lost its end."""


class Ledger:
    """States, answers and place of one partition. `mark` is the place: every record before `mark.next` is folded in."""

    def __init__(self, domain: Domain, partition: int, decider: Decider[Any], store: Store, kinds: KnownKinds) -> None:
        self.mark = store.mark()
        self.void = 0
        self._domain = domain
        self._partition = partition
        self._decider = decider
        self._store = store
        self._kinds = kinds
        self._states: dict[bytes, tuple[int, Any]] = {}
        self._dirty: set[bytes] = set()
        self._answers: dict[str, Answer] = {}

    # ── the fold ──────────────────────────────────────────────────────────────────────────────────────────────────

    def fold(self, record: Record) -> None:
        """Take one journal record; void records only move the place.

        The head is taken again to see that this is still the journal it belongs to. Raises OtherJournal if it is not,
        and Undecodable for a record that counts and cannot be read.
        """
        key, value = record.key or b"", record.value or b""
        prev = before(record.headers) or b""
        if record.offset < self.mark.next:
            if record.offset == self.mark.last and hashed(prev, key, value) != self.mark.head:
                raise OtherJournal(f"the record at {record.offset} is not the one that was there")
            return
        chain = Chain(self.mark.head)
        if not chain.take(prev, key, value):
            self.void += 1
            self.mark = self.mark._replace(next=record.offset + 1)
            return
        recorded = wire.decode_fact(value)
        meta = recorded.meta
        version, state = self.state(key)
        if meta.version > version:
            self._states[key] = (meta.version, self._decider.evolve(state, recorded.fact))
            self._dirty.add(key)
        self._answers[meta.command_id] = answer_of(recorded, record.offset, self.answer(meta.command_id))
        command = max(self.mark.command, meta.command_offset + 1)
        self.mark = Mark(record.offset + 1, chain.head, record.offset, command, meta.time)

    def state(self, subject: bytes) -> tuple[int, Any]:
        """Give a subject's version and state; version 0 and the initial state for one that never was."""
        known = self._states.get(subject)
        if known is None:
            known = self._states[subject] = self._store.state(subject) or (0, self._decider.initial)
        return known

    def answer(self, command_id: str) -> Answer | None:
        """Give what a command got, if its id is remembered."""
        return self._answers.get(command_id) or self._store.answer(command_id)

    def outcome(self, command_id: str) -> Outcome | None:
        """Give what a command got, as it is told to whoever asked."""
        answer = self.answer(command_id)
        if answer is None:
            return None
        return Outcome(
            command_id=command_id,
            status="rejected" if answer.code else "accepted",
            type=answer.type,
            subject=answer.subject,
            version=answer.version,
            position=str(Position(self._domain.name, self._partition, answer.offset)),
            facts=answer.facts,
            code=answer.code,
            reason=answer.reason,
        )

    # ── what comes next ───────────────────────────────────────────────────────────────────────────────────────────

    def draft(self, records: Sequence[Record]) -> Draft:
        """Decide commands on top of the journal, as many as fit one append; `draft.command` is the first left over.

        Raises KindsBehind when kinds must be read further first; nothing has changed then.
        """
        draft = Draft(self.mark.head, self.mark.next, self.mark.command, self.mark.time)
        for record in records:
            if draft.size > APPEND_BYTES:
                break
            if record.offset >= draft.command:
                self._add(draft, record)
                draft.command = record.offset + 1
                draft.time = record.timestamp
        return draft

    def keep(self, draft: Draft) -> None:
        """Make a draft so, once the journal holds it where the ledger expected."""
        self._states.update(draft.states)
        self._dirty.update(draft.states)
        self._answers.update(draft.answers)
        last = draft.next - 1 if draft.entries else self.mark.last
        self.mark = Mark(draft.next, draft.head, last, draft.command, draft.time)

    def flush(self) -> None:
        """Write to the store what has come since the last time."""
        self._store.write({key: self._states[key] for key in self._dirty}, self._answers, self.mark)
        self._dirty.clear()
        self._answers.clear()
        if len(self._states) > CACHED_STATES:
            self._states.clear()

    def forget(self) -> None:
        """Go back to before the first record."""
        self._store.clear()
        self._states.clear()
        self._dirty.clear()
        self._answers.clear()
        self.mark = Mark()

    @property
    def unwritten(self) -> int:
        """How many answers the store does not hold yet."""
        return len(self._answers)

    def close(self) -> None:
        self._store.close()

    def _add(self, draft: Draft, record: Record) -> None:
        # No subject is longer; a longer key is refused for not being its subject.
        key = (record.key or b"")[:SUBJECT_BYTES]
        try:
            asked = wire.decode_command(record.value or b"")
        except wire.Undecodable as error:
            kept = base64.b64encode((record.value or b"")[:UNDECODABLE_BYTES]).decode()
            self._refuse(draft, record, key, _undecodable(error, kept))
            return
        seen = draft.answers.get(asked.meta.id) or self.answer(asked.meta.id)
        if seen is not None and record.timestamp - seen.time <= REMEMBERED_MS:
            return
        version, state = draft.states.get(key) or self.state(key)
        asking = Asking(asked.meta.actor, record.timestamp, self._kinds.at(kind_position(asked.command, state)))
        facts: Sequence[Fact]
        try:
            check(asked, record, version, self._domain, self._partition)
            state, facts = step(self._decider, state, asked.command, asking)
            # Only now, so that who may not see the subject is not told its version (RFC 9110 §13.2.1).
            check_version(asked.meta, version)
        except Refused as refused:
            self._append(draft, record, asked.meta, key, [CommandRejected(code=refused.code, reason=refused.reason)])
        except Exception as error:
            log.exception("rule failed", command_id=asked.meta.id, type=asked.meta.type, subject=asked.meta.subject)
            refusal = CommandRejected(code="rule_failed", reason=sorry(error, asked.meta))
            self._append(draft, record, asked.meta, key, [refusal])
        else:
            if self._append(draft, record, asked.meta, key, facts or [CommandUnchanged()]) and facts:
                draft.states[key] = (version + len(facts), state)

    def _append(self, draft: Draft, record: Record, meta: CommandMeta, key: bytes, facts: Sequence[Fact]) -> bool:
        """Chain a command's records onto the draft; False if they are too large for that, and it is refused instead."""
        version, _ = draft.states.get(key) or self.state(key)
        changed = not isinstance(facts[0], CommandUnchanged | CommandRejected)
        recorded = [
            Recorded(fact_meta(meta, record, fact, version + n + 1 if changed else version, (n, len(facts))), fact)
            for n, fact in enumerate(facts)
        ]
        values = [wire.encode_fact(each) for each in recorded]
        if sum(map(len, values)) > LARGEST_ANSWER:
            told = f"What this leaves takes more than {LARGEST_ANSWER} bytes; ask for less at once."
            self._refuse(draft, record, key, CommandRejected(code="command_too_large", reason=told))
            return False
        passed_on = [(name, value) for name, value in record.headers if name == "traceparent"]
        for each, value in zip(recorded, values, strict=True):
            draft.entries.append(Entry(key, value, [after(draft.head), *wire.fact_headers(each.meta), *passed_on]))
            draft.answers[meta.id] = answer_of(each, draft.next, draft.answers.get(meta.id))
            draft.head = link(draft.head, key, value)
            draft.next += 1
            draft.size += len(key) + len(value) + HEADER_BYTES
        return True

    def _refuse(self, draft: Draft, record: Record, key: bytes, refusal: CommandRejected) -> None:
        """Refuse what cannot be recorded under a name of its own."""
        place = Position(self._domain.name, self._partition, record.offset)
        self._append(draft, record, unnamed(record, key, place), key, [refusal])


def _undecodable(error: Exception, kept: str) -> CommandRejected:
    return CommandRejected(code="command_undecodable", reason=str(error), undecodable=kept)
