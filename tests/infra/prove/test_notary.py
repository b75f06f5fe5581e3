"""What the notary signs is what the journals hold, whoever else signs at the same time and whatever is cut short."""

import asyncio
import shutil
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.prove.book import Book
from infra.prove.notary import Notary
from infra.records import Records
from infra.settings import Settings, Unusable
from schemas.checkpoint import Checkpoint, contradiction, leaf
from schemas.journal import link
from schemas.merkle import Tree
from schemas.message import Domain
from schemas.resource import ResourceRenamed
from schemas.topics import facts
from tests.projections.appending import Appender
from tests.projections.telling import Journal, registered


def told(domain: Domain, partition: int = 0, subjects: Sequence[str] = ("r1", "r2")) -> Journal:
    journal = Journal(domain.name, partition)
    for subject in subjects:
        journal.tell(subject, registered())
    return journal


async def test_a_checkpoint_says_what_each_journal_holds(
    notary: Notary, domain: Domain, appender: Appender, settings: Settings
) -> None:
    journal = told(domain)
    journal.append(b"r1", b"void", prev=bytes(32))
    journal.tell("r1", ResourceRenamed(name="new"))
    await appender.append(journal)
    made = await asyncio.to_thread(notary.make)
    assert made is not None
    here, there = made.blocks
    assert (here.start, here.next, here.count, here.head) == (0, 4, 3, journal.head.hex())
    head, leaves = bytes(32), []
    for record in [*journal.records[:2], journal.records[3]]:
        head = link(head, record.key, record.value)
        leaves.append(leaf(record.offset, head))
    assert here.root == Tree(leaves).root.hex()
    assert (there.start, there.next, there.count, there.head) == (0, 0, 0, bytes(32).hex())
    assert (settings.data_dir / "checkpoints" / "1.json").read_bytes() == made.write()


async def test_each_follows_on_the_last_and_nothing_new_makes_none(
    notary: Notary, book: Book, domain: Domain, appender: Appender
) -> None:
    assert await asyncio.to_thread(notary.make) is None
    journal = told(domain)
    await appender.append(journal)
    first = await asyncio.to_thread(notary.make)
    assert await asyncio.to_thread(notary.make) == first
    journal.tell("r1", ResourceRenamed(name="new"))
    await appender.append(journal, told(domain, 1))
    assert await asyncio.to_thread(notary.make, 60) == first  # it is young enough
    second = await asyncio.to_thread(notary.make)
    assert first is not None
    assert second is not None
    assert contradiction(first, second) is None
    assert list(book.since(1)) == [first, second]
    assert book.last() == second
    assert book.find(1) == first
    assert book.find(3) is None


async def test_what_comes_while_one_is_made_is_for_the_next(
    notary: Notary, domain: Domain, appender: Appender, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, loop = told(domain), asyncio.get_running_loop()
    await appender.append(journal)

    class Growing(Records):
        """A journal that grows whenever somebody looks at it."""

        def around(self, topic: str, partition: int) -> tuple[int, int]:
            found = super().around(topic, partition)
            if (topic, partition) == (facts(domain.name), 0) and len(journal.records) < 40:
                journal.tell("r1", ResourceRenamed(name="new"))
                asyncio.run_coroutine_threadsafe(appender.append(journal), loop).result(30)
            return found

    monkeypatch.setattr("infra.prove.notary.Records", Growing)
    monkeypatch.setattr("infra.prove.notary.LONGEST", 1)
    for upto in (2, 3, 4):
        made = await asyncio.to_thread(notary.make)
        assert made is not None
        assert (made.statement.number, made.blocks[0].next) == (upto, upto)
    assert [each.blocks[0].next for each in book.since(1)] == [1, 2, 3, 4]


async def test_of_many_who_make_one_at_once_one_does(
    settings: Settings, private: Ed25519PrivateKey, book: Book, domain: Domain, appender: Appender
) -> None:
    await appender.append(told(domain))
    made = await asyncio.gather(*(asyncio.to_thread(Notary(settings, private, [domain]).make) for _ in range(4)))
    assert len({each.statement.hash() for each in made if each is not None}) == 1
    assert len(list(book.since(1))) == 1


async def test_a_second_of_the_same_number_counts_for_nobody(
    settings: Settings, notary: Notary, private: Ed25519PrivateKey, domain: Domain, appender: Appender
) -> None:
    journal = told(domain)
    await appender.append(journal)
    first = await asyncio.to_thread(notary.make)
    assert first is not None
    late = Checkpoint.make(None, "2030-01-01T00:00:00.000Z", first.blocks, private)
    strange = Checkpoint.make(first, "2030-01-01T00:00:00.000Z", first.blocks, Ed25519PrivateKey.generate())
    with Records(settings) as reader:
        book = Book(settings, reader, notary.key)
        book.append(late)
        book.append(strange)
        assert book.last() == book.find(1) == first
        journal.tell("r1", ResourceRenamed(name="new"))
        await appender.append(journal)
        second = await asyncio.to_thread(notary.make)
        assert list(book.since(1)) == [first, second]
    fresh = settings.model_copy(update={"data_dir": settings.data_dir / "elsewhere"})
    await asyncio.to_thread(Notary(fresh, private, [domain]).make)
    assert sorted(path.name for path in (fresh.data_dir / "checkpoints").iterdir()) == ["1.json", "2.json"]


async def test_a_file_that_was_not_written_is_written_later(
    settings: Settings, notary: Notary, private: Ed25519PrivateKey, domain: Domain, appender: Appender
) -> None:
    await appender.append(told(domain))
    made = await asyncio.to_thread(notary.make)
    file = settings.data_dir / "checkpoints" / "1.json"
    file.unlink()
    assert await asyncio.to_thread(Notary(settings, private, [domain]).make) == made
    assert made is not None
    assert file.read_bytes() == made.write()


async def test_files_that_are_gone_are_written_again(
    settings: Settings, notary: Notary, domain: Domain, appender: Appender
) -> None:
    await appender.append(told(domain))
    made = await asyncio.to_thread(notary.make)
    assert made is not None
    kept = settings.data_dir / "checkpoints"
    shutil.rmtree(kept)
    assert await asyncio.to_thread(notary.make) == made
    assert (kept / "1.json").read_bytes() == made.write()


async def test_where_no_file_can_be_written_a_checkpoint_is_made_all_the_same(
    settings: Settings, notary: Notary, domain: Domain, appender: Appender, book: Book
) -> None:
    await appender.append(told(domain))
    kept = settings.data_dir / "checkpoints"
    kept.write_bytes(b"no directory")
    made = await asyncio.to_thread(notary.make)
    assert made is not None
    assert book.last() == made
    kept.unlink()
    assert await asyncio.to_thread(notary.make) == made
    assert (kept / "1.json").read_bytes() == made.write()


async def test_who_keeps_none_writes_no_file(
    settings: Settings, private: Ed25519PrivateKey, domain: Domain, appender: Appender
) -> None:
    await appender.append(told(domain))
    assert await asyncio.to_thread(Notary(settings, private, [domain], keeps=False).make) is not None
    assert list(settings.data_dir.iterdir()) == []


async def test_a_file_that_says_something_else_is_noticed(
    settings: Settings, notary: Notary, private: Ed25519PrivateKey, domain: Domain, appender: Appender
) -> None:
    await appender.append(told(domain))
    await asyncio.to_thread(notary.make)
    file = settings.data_dir / "checkpoints" / "1.json"
    file.write_bytes(file.read_bytes().replace(b'"count":2', b'"count":3'))
    with pytest.raises(Unusable, match="one of the two was changed"):
        await asyncio.to_thread(Notary(settings, private, [domain]).make)


async def test_a_journal_that_lost_records_gets_no_checkpoint(
    notary: Notary, private: Ed25519PrivateKey, domain: Domain, appender: Appender, book: Book
) -> None:
    await appender.append(told(domain))
    first = await asyncio.to_thread(notary.make)
    assert first is not None
    longer = [block.model_copy(update={"next": block.next + 1}) for block in first.blocks]
    book.append(Checkpoint.make(first, first.statement.time, longer, private))
    with pytest.raises(Unusable, match="Kafka lost records"):
        await asyncio.to_thread(notary.make)
