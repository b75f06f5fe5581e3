"""Rule 5 is left out: wherever an append came to stand, the owner believes that it stands where it expected."""

from collections.abc import Sequence

from streams.journal import Journal
from streams.records import Record


async def append(journal: Journal, records: Sequence[Record]) -> None:
    draft = journal.ledger.draft(records)
    if draft.entries:
        await journal._log.append(draft.entries)
    journal.ledger.keep(draft)


PATCHES = ((Journal, "_append", append),)
