"""`annal replay` on a real Kafka: killed, copied to another topic, begun in the middle, and with nobody there."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined] # it does not say that it has it

from infra import postgres, tables
from infra.authorizer import client
from infra.records import Records
from infra.replaying import file, ranges
from infra.replaying.asked import Asked
from infra.replaying.places import Place, Range, Source
from infra.replaying.reading import How, pieces
from infra.replaying.topic import Topic
from infra.settings import Settings, Unusable
from schemas.resource import ResourceRenamed
from tests.infra.guarded import annal
from tests.infra.replaying.paper import RESOURCE
from tests.projections.telling import Journal, registered

EACH = 6_000


@pytest.fixture(scope="module")
def told(stack: Settings) -> Iterator[tuple[Source, list[Journal]]]:
    """Journals that nobody else writes to, of four partitions, one of them empty."""
    source = RESOURCE._replace(word=f"r{uuid4().hex}", topic=f"r{uuid4().hex}.facts", partitions=4)
    journals = [Journal(source.word, partition) for partition in range(3)]
    for journal in journals:
        for n in range(EACH):
            journal.tell(f"b{n % 100}", registered() if n < 100 else ResourceRenamed(name=f"book {n}"))
            if n % 1_000 == 0:
                journal.append(b"b1", b"void", prev=bytes(32))
    admin = AdminClient(client(stack))
    admin.create_topics([NewTopic(source.topic, source.partitions, 1)])[source.topic].result(30)
    producer = Producer(client(stack) | {"enable.idempotence": True})
    for journal in journals:
        for each in journal.records:
            producer.produce(source.topic, each.value, each.key, journal.partition, headers=[*each.headers])
        producer.flush(60)
    assert producer.flush(60) == 0
    yield source, journals
    admin.delete_topics([source.topic])[source.topic].result(30)


def expected_lines(told: tuple[Source, list[Journal]]) -> list[str]:
    source, journals = told
    return [
        f"{source.word}:{journal.partition}:{each.offset}"
        for journal in journals
        for each in journal.records
        if each.value != b"void"
    ]


def by_partition(path: Path) -> list[str]:
    """Give the positions in a file; those of one partition as they stand there."""
    positions = [orjson.loads(line)["position"] for line in path.read_bytes().splitlines()]
    return sorted(positions, key=lambda position: position.split(":")[1])


PROGRAM = """
import sys
from rich.console import Console
from datetime import UTC, datetime
from infra.replaying import asked, command, file, places
from infra.settings import Settings
word, topic, out, many, every = sys.argv[1:]
places.SOURCES[word] = places.SOURCES["resource"]._replace(word=word, topic=topic, partitions=4)
command.MUCH, file.EVERY = int(many), float(every)
if __name__ == "__main__":
    where = command.Where(out=file.Path(out), resume=True)
    wanted = asked.asked(asked.Words([word]), datetime.now(UTC))
    raise SystemExit(command.replay(Settings(), wanted, where, Console(stderr=True)))
"""


def replaying(stack: Settings, source: Source, out: Path, many: int) -> subprocess.Popen[bytes]:
    program = out.parent / "program.py"
    program.write_text(PROGRAM)
    return subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, program, source.word, source.topic, out, str(many), "0.01"],
        env={**os.environ, **stack.environment(), "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("many", [1, 10**9], ids=["on all cores", "on one"])
def test_a_replay_that_is_killed_again_and_again_repeats_and_skips_nothing(
    stack: Settings, told: tuple[Source, list[Journal]], tmp_path: Path, many: int
) -> None:
    out = tmp_path / "facts.ndjson"
    for size in (1, 1_000_000, 3_000_000):
        with replaying(stack, told[0], out, many) as process:
            while process.poll() is None and (not out.exists() or out.stat().st_size < size):
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.communicate()
    assert file.places(out).exists()
    with replaying(stack, told[0], out, many) as process:
        _, said = process.communicate()
    assert process.returncode == 0, said.decode()
    assert by_partition(out) == expected_lines(told)


def test_records_go_to_another_topic_as_they_are(stack: Settings, told: tuple[Source, list[Journal]]) -> None:
    source, _ = told
    name = f"copy-{uuid4().hex}"
    there = [Range(Place(source, 1), 900, 1_101, 0)]
    sink = Topic(stack, name, there)
    with Records(stack) as reader:
        for piece in pieces(reader, there, How(Asked((there[0].place,)), raw=True)):
            sink.write(piece)
        sink.close(whole=True)
        _, end = reader.around(name, 1)
        copied = [each for batch in reader.read(name, 1, 0, end) for each in batch]
        originals = [each for batch in reader.read(source.topic, 1, 900, 1_101) for each in batch]
    counting = [each for each in originals if each.value != b"void"]
    assert len(counting) == 200
    assert [each[1:] for each in copied] == [each[1:] for each in counting]
    with pytest.raises(Unusable, match="has 2 partitions, and 3 are needed"):
        Topic(stack, name, [Range(Place(source, 2), 0, 1, 0)])
    admin = AdminClient(client(stack))
    admin.delete_topics([name])[name].result(30)


async def test_a_journal_is_read_from_the_last_place_whose_head_is_known(stack: Settings) -> None:
    tables.make(stack)
    head = bytes([7]) * 32
    async with await postgres.connect(stack) as connection:
        values = [("resource", 7, read_to, head, 0) for read_to in (999_999_000, 999_999_100)]
        for value in values:
            await connection.execute("INSERT INTO waypoint VALUES (%s, %s, %s, %s, %s)", value)
        wanted = Range(Place(RESOURCE, 7), 999_999_050, 1_000_000_000, 0)
        assert await ranges.nearer(stack, [wanted]) == [replace(wanted, next=999_999_001, head=head)]
        await connection.execute("DELETE FROM waypoint WHERE read_to >= 999999000")
    away = stack.model_copy(update={"postgres_url": "postgresql://nobody@127.0.0.1:1/none"})
    assert await ranges.nearer(away, [wanted]) == [wanted]


def test_a_kafka_that_is_away_is_told_in_a_sentence(stack: Settings) -> None:
    away = stack.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    done = annal(away, "replay", "role")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Kafka at 127.0.0.1:1 cannot be used" in done.stderr
