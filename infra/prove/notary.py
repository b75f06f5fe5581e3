"""The notary: it reads what every journal has gained since the last checkpoint, signs the next one, and keeps it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra import postgres, telemetry
from infra.prove.book import Book
from infra.records import Records
from infra.settings import Settings, Unusable
from schemas import journal, signed, topics
from schemas.checkpoint import Block, Checkpoint, Journal, beginning, leaf
from schemas.domains import DOMAINS
from schemas.export import Manifest
from schemas.journal import Chain
from schemas.merkle import Growing
from schemas.message import Domain

ONE_AT_A_TIME = 7_215_204
"""The advisory lock that the makers of checkpoints queue for; any number that nobody else uses."""

PATIENCE = 60
"""Seconds to wait for another process that makes one."""

LONGEST = 50_000
"""Records of a journal that one checkpoint is about: whoever proves one of them reads that many, and no more."""

log = telemetry.log(__name__)


class Notary:
    """Makes checkpoints, one process at a time, and `keeps` them as files. Blocks, and raises Unusable."""

    def __init__(
        self,
        settings: Settings,
        private: Ed25519PrivateKey,
        domains: Sequence[Domain] = DOMAINS,
        *,
        keeps: bool = True,
    ) -> None:
        self.key = signed.name_of(private)
        self._settings = settings
        self._private = private
        self._domains = domains
        self._keeps = keeps
        self._kept = 0

    def make(self, after: float = 0.0) -> Checkpoint | None:
        """Give the checkpoint that says everything there was when it was asked for: a new one if something came.

        While the last is younger than so many seconds it is given instead. None when there was never a record.
        """
        with self._alone() as connection, Records(self._settings) as reader:
            book = Book(self._settings, reader, self.key)
            last = book.last()
            if last is None or _age(last) >= after:
                ends = self._ends(reader, last)
                # Of journals that hold much already each says a part. What comes meanwhile is for the next time.
                while (made := self._next(reader, last, ends)) is not None:
                    connection.execute("SELECT 1")  # We are alone as long as the connection is.
                    last = _stored(book, made)
            if self._keeps:
                self._keep(book, last)
            return last

    def manifest(self, **said: Any) -> Manifest:
        """Sign what an export is."""
        return Manifest.make(self._private, **said)

    def _ends(self, reader: Records, last: Checkpoint | None) -> dict[Journal, int]:
        """Say where every journal ends now."""
        known = last.journals() if last else {}
        return {name: end_of(reader, known.get(name) or beginning(name)) for name in journals(self._domains)}

    def _next(self, reader: Records, last: Checkpoint | None, ends: Mapping[Journal, int]) -> Checkpoint | None:
        known = last.journals() if last else {}
        blocks = [grown(reader, known.get(name) or beginning(name), end) for name, end in ends.items()]
        if all(block.start == block.next for block in blocks):
            return None
        # The clock may be behind that of whoever made the last one.
        time = max(_now(), last.statement.time) if last else _now()
        return Checkpoint.make(last, time, blocks, self._private)

    def _keep(self, book: Book, last: Checkpoint | None) -> None:
        """Have a file of every checkpoint. Raises Unusable for one that says something else than the topic."""
        try:
            self._write(book, self._settings.data_dir / "checkpoints", last.statement.number if last else 0)
        except OSError as error:
            # It is stored, and so the next who can write it will.
            log.warning("a checkpoint could not be written into a file", reason=str(error))

    def _write(self, book: Book, directory: Path, newest: int) -> None:
        if not _file(directory, self._kept).exists():
            directory.mkdir(parents=True, exist_ok=True)
            self._kept = max((int(path.stem) for path in directory.glob("*.json") if path.stem.isdigit()), default=0)
        if self._kept and not self._kept_is_right(book, directory):
            raise Unusable(
                f"{_file(directory, self._kept)} is not the checkpoint that Kafka has now: one of the two was changed. "
                "Compare with what is kept elsewhere, and move the directory away when it is the files that are wrong."
            )
        for checkpoint in book.since(self._kept + 1) if self._kept < newest else ():
            path = _file(directory, checkpoint.statement.number)
            new = path.with_suffix(".new")
            new.write_bytes(checkpoint.write())
            new.replace(path)
            self._kept = checkpoint.statement.number

    def _kept_is_right(self, book: Book, directory: Path) -> bool:
        found = book.find(self._kept)
        return found is not None and _file(directory, self._kept).read_bytes() == found.write()

    @contextmanager
    def _alone(self) -> Iterator[psycopg.Connection]:
        """Be the only one that makes checkpoints, on all machines."""
        try:
            options = f"-c lock_timeout={PATIENCE}s"
            with psycopg.connect(postgres.url(self._settings), autocommit=True, options=options) as connection:
                connection.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
                yield connection
        except psycopg.OperationalError as error:
            raise Unusable(
                f"PostgreSQL does not let a checkpoint be made ({str(error).strip()}): try again when it is settled."
            ) from error


def journals(domains: Iterable[Domain] = DOMAINS) -> list[Journal]:
    """Name every journal of some domains."""
    return [Journal(domain.name, partition) for domain in domains for partition in range(domain.partitions)]


def end_of(reader: Records, before: Block) -> int:
    """Say where a journal ends now. Raises Unusable if a checkpoint knew more of it."""
    _, end = reader.around(topics.facts(before.domain), before.partition)
    if end < before.next:
        raise Unusable(
            f"The journal {before.journal} ends at {end}, and a checkpoint knew it up to {before.next}: Kafka lost "
            "records, or it is another Kafka. No checkpoint is made until it is as it was."
        )
    return end


def grown(reader: Records, before: Block, whole: int) -> Block:
    """Read what a journal has gained since `before` and until its end, `whole`, along its chain."""
    topic, partition = topics.facts(before.domain), before.partition
    end = max(before.next, min(whole, before.next + LONGEST))
    chain, tree = Chain(bytes.fromhex(before.head)), Growing()
    for batch in reader.read(topic, partition, before.next, end):
        for record in batch:
            if chain.take(journal.before(record.headers), record.key or b"", record.value or b""):
                tree.add(leaf(record.offset, chain.head))
    said = {"start": before.next, "next": end, "head": chain.head.hex()}
    return before.model_copy(update={**said, "count": tree.count, "root": tree.root().hex()})


def _stored(book: Book, made: Checkpoint) -> Checkpoint:
    """Store a checkpoint; give what then counts as the one of its number, which alone is shown to anybody."""
    book.append(made)
    counts = book.find(made.statement.number)
    if counts is None:
        raise Unusable(f"Checkpoint {made.statement.number} was stored and is not there: see that Kafka is settled.")
    return counts


def _file(directory: Path, number: int) -> Path:
    return directory / f"{number}.json"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _age(checkpoint: Checkpoint) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(checkpoint.statement.time)).total_seconds()
