"""Rule 4 is left out: on taking a partition the owner looks up where the journal ends, and does not fold it."""

from schemas import wire
from schemas.journal import PREV, Chain
from streams.journal import Journal


async def go_to_the_end(journal: Journal) -> int:
    ledger = journal.ledger
    async for records in journal._log.read(ledger.mark.next):
        for record in records:
            key, value = record.key or b"", record.value or b""
            chain = Chain(ledger.mark.head)
            if chain.take(dict(record.headers).get(PREV), key, value):
                meta = wire.decode_fact(value).meta
                ledger.mark = ledger.mark._replace(head=chain.head, command=meta.command_offset + 1, time=meta.time)
            ledger.mark = ledger.mark._replace(next=record.offset + 1)
    journal.expected = ledger.mark.command
    return journal.expected


PATCHES = ((Journal, "open", go_to_the_end),)
