"""`annal replay`: what is asked for, what goes out, and that a replay that was ended goes on as if it had not been."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined] # it does not say that it has it
from rich.console import Console

from infra import postgres, tables, topics
from infra.authorizer import client
from infra.records import Record, Records
from infra.replaying import command, file, ranges
from infra.replaying.asked import Asked, Words, asked
from infra.replaying.command import Where
from infra.replaying.places import SOURCES, Place, Range, Source
from infra.replaying.reading import How, Piece, pieces
from infra.replaying.topic import Topic, require_another
from infra.settings import Settings, Unusable
from schemas import wire
from schemas.message import Asked as AskedCommand
from schemas.message import CommandMeta, CommandRejected
from schemas.resource import RenameResource, ResourceRenamed, ResourceTagged
from tests.infra.guarded import annal
from tests.projections.telling import ALICE, FIRST_MOMENT, Journal, registered

NOW = datetime(2026, 11, 26, 20, tzinfo=UTC)
RESOURCE = SOURCES["resource"]
HERE = Place(RESOURCE, 0)


class Paper:
    """Journals on paper, as a reader of Kafka gives them."""

    def __init__(self, *journals: Journal, at_once: int = 10_000) -> None:
        self._records = {(f"{each.domain}.facts", each.partition): records_of(each) for each in journals}
        self._at_once = at_once

    def stored(self, place: Place, times: Sequence[int]) -> None:
        """Let records have been stored at these times."""
        key = (place.source.topic, place.partition)
        self._records[key] = [
            each._replace(timestamp=time) for each, time in zip(self._records[key], times, strict=True)
        ]

    def around(self, topic: str, partition: int) -> tuple[int, int]:
        return 0, len(self._records.get((topic, partition), ()))

    def since(self, topic: str, moments: Mapping[int, int]) -> dict[int, int]:
        return {
            partition: next(
                (each.offset for each in self._records.get((topic, partition), ()) if each.timestamp >= moment),
                self.around(topic, partition)[1],
            )
            for partition, moment in moments.items()
        }

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]:
        found = self._records[topic, partition][start:end]
        for at in range(0, len(found), self._at_once):
            yield found[at : at + self._at_once]


def records_of(journal: Journal) -> list[Record]:
    """Give the records of a journal; each was stored when its fact happened."""
    return [Record(each.offset, _stored(each.value), each.key, each.value, each.headers) for each in journal.records]


def _stored(value: bytes) -> int:
    try:
        return wire.decode_fact(value).meta.time
    except wire.Undecodable:
        return FIRST_MOMENT


def a_journal() -> Journal:
    """Tell of two books, beside a record that is void and one that is no fact."""
    journal = Journal()
    journal.tell("r1", registered())
    journal.tell("r2", registered(), actor=ALICE.model_copy(update={"id": "bob", "on_behalf_of": "carol"}))
    journal.append(b"r1", journal.records[0].value, prev=bytes(32))
    journal.append(b"r1", b"rubbish")
    journal.tell("r1", ResourceRenamed(name="The library of Babel"), ResourceTagged(tags=("a", "b")))
    journal.tell("r2", CommandRejected(code="not_yours", reason="It is not yours."))
    return journal


def whole(journal: Journal) -> Range:
    return Range(Place(SOURCES[journal.domain], journal.partition), 0, len(journal.records), 0)


def replayed(paper: Paper, found: Sequence[Range], wanted: Asked, at_once: int = 10_000) -> list[dict[str, Any]]:
    written = b"".join(piece.lines for piece in pieces(paper, found, How(wanted, at_once)))
    return [orjson.loads(line) for line in written.splitlines()]


def ask(**words: Any) -> Asked:
    return asked(Words(**words), NOW)


# ── what is asked for ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_facts_are_replayed_if_nothing_is_named() -> None:
    assert {place.source.word for place in ask().places} == {word for word in SOURCES if "." not in word}
    assert len(ask(names=["resource", "resource.facts"]).places) == RESOURCE.partitions
    assert {str(place) for place in ask(names=["kind.commands"]).places} == {"kind.commands:0"}


def test_positions_name_the_partitions_that_are_replayed() -> None:
    wanted = ask(since="resource:3:57,resource.commands:1:4", until="resource:3:60")
    assert wanted.since == {Place(RESOURCE, 3): 57, Place(SOURCES["resource.commands"], 1): 4}
    assert [str(place) for place in wanted.places] == ["resource:3", "resource.commands:1"]


def test_a_moment_has_an_offset_of_its_own() -> None:
    assert ask(since="2025-11-24T17:00:00+01:00").since == ask(since="2025-11-24T16:00:00Z").since == FIRST_MOMENT


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"names": ["book"]}, "There is no topic book: name a domain"),
        ({"names": ["annal.checkpoints"]}, "There is no topic annal.checkpoints"),
        ({"since": "book:3:57"}, "There is no topic book: name a domain"),
        ({"since": "resource:8:57"}, "the partitions of resource.facts are 0 to 7. Was it given by another Annal"),
        ({"since": "resource:3"}, "resource:3 is no position: write it as resource:3:57"),
        ({"since": "resource:3:1,resource:3:2"}, "names two positions of resource:3"),
        ({"since": "resource:3:57", "until": "resource:3:56"}, "comes after --to resource:3:56"),
        ({"names": ["kind"], "since": "resource:3:57"}, "resource:3:57 is of resource.facts: name that topic too"),
        ({"since": "yesterday"}, "is no position and no moment"),
        ({"since": "2026-11-26T19:00"}, "says nothing of its zone"),
        ({"until": "2026-11-26T20:00:01Z"}, "is not yet"),
        ({"since": "2026-11-26T19:00Z", "until": "2026-11-26T18:00Z"}, "comes after --to 2026-11-26T18:00Z"),
        (
            {"types": ["resource.eaten"]},
            "type resource.eaten can be there: name one of account.address_change_asked",
        ),
        ({"names": ["kind"], "types": ["resource.renamed"]}, "name one of command.rejected"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(words: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unusable) as told:
        ask(**words)
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("words", "where", "sentence"),
    [
        ({}, Where(out=Path("f"), topic="t"), "A replay goes to one place"),
        ({}, Where(resume=True), "Only a file can be gone on with"),
        ({"names": ["resource"]}, Where(projection="resource"), "`annal projection build resource`"),
        ({}, Where(topic="resource.facts"), "is, or could be, a topic of Annal"),
        ({}, Where(out=Path("/")), "/ is there already"),
    ],
)
def test_what_cannot_be_asked_together_is_told_before_anything_is_reached(
    words: dict[str, Any], where: Where, sentence: str
) -> None:
    with pytest.raises(Unusable, match=sentence):
        command.run(Settings(kafka_bootstrap="nowhere:1"), Words(**words), where, Console(file=io.StringIO()))


@pytest.mark.parametrize(
    "name", ["resource.facts", "annal.checkpoints", "annal.mine", "__consumer_offsets", "kind.old"]
)
def test_no_topic_of_annals_own_is_written_to(name: str) -> None:
    with pytest.raises(Unusable, match="replay into one of another name"):
        require_another(name)


# ── what goes out ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_line_says_what_the_doors_say() -> None:
    journal = a_journal()
    meta = wire.decode_fact(journal.records[4].value).meta
    lines = replayed(Paper(journal), [whole(journal)], ask())
    assert lines[3] == {
        "position": "resource:0:4",
        "type": "resource.renamed",
        "subject": "r1",
        "version": 2,
        "time": "2025-11-24T16:00:00.002000Z",
        "actor": {"id": "alice", "via": None, "on_behalf_of": None},
        "command_id": meta.command_id,
        "correlation_id": meta.correlation_id,
        "causation_id": None,
        "data": {"name": "The library of Babel"},
    }


def test_records_that_do_not_count_stay_and_bytes_that_are_no_fact_go_out_as_they_are() -> None:
    journal = a_journal()
    lines = replayed(Paper(journal), [whole(journal)], ask())
    assert [line["position"] for line in lines] == [f"resource:0:{n}" for n in (0, 1, 3, 4, 5, 6)]
    assert lines[2] == {"position": "resource:0:3", "subject": "r1", "unreadable": "cnViYmlzaA=="}


@pytest.mark.parametrize(
    ("words", "offsets"),
    [
        ({"types": ["resource.registered", "command.rejected"]}, [0, 1, 6]),
        ({"subjects": ["r1"]}, [0, 3, 4, 5]),
        ({"subjects": ["r1"], "types": ["resource.tagged"]}, [5]),
        ({"actors": ["carol"]}, [1]),
        ({"subjects": ["r3"]}, []),
    ],
)
def test_only_what_is_wanted_goes_out(words: dict[str, Any], offsets: list[int]) -> None:
    journal = a_journal()
    lines = replayed(Paper(journal), [whole(journal)], ask(**words))
    assert [line["position"] for line in lines] == [f"resource:0:{n}" for n in offsets]


def test_who_comes_in_the_middle_knows_which_records_count() -> None:
    journal = a_journal()
    all_lines = replayed(Paper(journal), [whole(journal)], ask())
    for start in range(len(journal.records)):
        found = [replace(whole(journal), start=start)]
        later = [line for line in all_lines if int(line["position"].rpartition(":")[2]) >= start]
        assert replayed(Paper(journal), found, ask()) == later


def test_a_place_of_another_journal_is_not_believed() -> None:
    journal = a_journal()
    found = [replace(whole(journal), start=5, next=4, head=bytes([7]) * 32)]
    assert [line["position"] for line in replayed(Paper(journal), found, ask())] == ["resource:0:5", "resource:0:6"]


def test_a_command_says_what_was_asked() -> None:
    place = Place(SOURCES["resource.commands"], 2)
    meta = CommandMeta(
        id="c1",
        type="resource.rename",
        subject="r1",
        time=FIRST_MOMENT,
        actor=ALICE,
        expected_version=4,
        correlation_id="k",
    )
    value = wire.encode_command(AskedCommand(meta, RenameResource(resource_id="r1", name="Ficciones")))

    class Commands:
        def read(self, _topic: str, _partition: int, _start: int, _end: int) -> Iterator[list[Record]]:
            yield [Record(5, FIRST_MOMENT + 7, b"r1", value, ()), Record(6, FIRST_MOMENT + 8, b"r1", b"?", ())]

    (piece,) = pieces(Commands(), [Range(place, 5, 7, 5)], How(ask()))
    first, second = (orjson.loads(line) for line in piece.lines.splitlines())
    assert (first["position"], first["type"], first["expected_version"]) == (
        "resource.commands:2:5",
        "resource.rename",
        4,
    )
    assert (first["command_id"], first["data"]) == ("c1", {"resource_id": "r1", "name": "Ficciones"})
    assert second == {"position": "resource.commands:2:6", "subject": "r1", "unreadable": "Pw=="}


# ── where it begins and ends ──────────────────────────────────────────────────────────────────────────────────────────


def found(paper: Any, **words: Any) -> list[tuple[int, int]]:
    return [(each.start, each.end) for each in ranges.ranges(paper, ask(**words)) if each.count]


def test_both_positions_are_part_of_the_range() -> None:
    paper = Paper(a_journal())
    assert found(paper, since="resource:0:2", until="resource:0:4") == [(2, 5)]
    assert found(paper, until="resource:0:0") == [(0, 1)]


@pytest.mark.parametrize("words", [{"since": "resource:0:7"}, {"until": "resource:0:99"}, {"since": "resource:1:0"}])
def test_a_position_that_is_not_there_is_told(words: dict[str, Any]) -> None:
    with pytest.raises(Unusable, match=r"There is no resource:\d:\d+: (the last is resource:0:6|nothing stands)"):
        found(Paper(a_journal()), **words)


def test_a_moment_is_that_of_the_fact_and_not_of_its_record() -> None:
    """A worker stored the first facts by a clock that runs behind, and the others long after they were asked for."""
    journal = Journal()
    for n in range(40):
        journal.commands = 60_000 * n  # a minute in milliseconds
        journal.tell(f"r{n}", registered())
    paper = Paper(journal)
    stored = [each.timestamp + (-300_000 if each.offset < 20 else 36_000_000) for each in records_of(journal)]
    paper.stored(HERE, stored)
    since, until = (datetime.fromtimestamp((FIRST_MOMENT + 60_000 * n) / 1000, UTC).isoformat() for n in (11, 25))
    wanted = ask(names=["resource"], since=since, until=until)
    there = [each for each in ranges.ranges(paper, wanted) if each.count]
    lines = replayed(paper, there, wanted)
    assert [line["position"] for line in lines] == [f"resource:0:{n}" for n in range(11, 26)]
    assert there[0].start > 0


# ── a file, and a replay that is ended ────────────────────────────────────────────────────────────────────────────────


class Killed(BaseException):
    """The process is no more."""


def steps(monkeypatch: pytest.MonkeyPatch, last: int) -> list[str]:
    """Let everything that a file does end after so many steps, the last write in the middle of its bytes."""
    done: list[str] = []
    write, fsync, rename = os.write, os.fsync, Path.replace

    def step(name: str) -> None:
        done.append(name)
        if len(done) == last:
            raise Killed

    def written(descriptor: int, data: memoryview) -> int:
        try:
            step("write")
        except Killed:
            write(descriptor, data[: len(data) // 2])
            raise
        return write(descriptor, data)

    def synced(descriptor: int) -> None:
        step("fsync")
        fsync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        step("replace")
        return rename(path, target)

    monkeypatch.setattr(os, "write", written)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    return done


def attempt(paper: Paper, path: Path, there: Sequence[Range], *, resume: bool) -> None:
    """Replay into a file, as the command does it, but tell nobody."""
    wanted = ask()
    sink = (file.resumed(path, wanted.said) if resume else None) or file.begun(path, wanted.said, there)
    try:
        for piece in pieces(paper, list(sink.ranges), How(wanted, at_once=2)):
            sink.write(piece)
    except Killed:
        os.close(sink._descriptor)
        raise
    sink.close(whole=True)


@pytest.mark.parametrize("every", [0.0, 60.0])
def test_a_replay_that_is_killed_anywhere_and_resumed_writes_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: float
) -> None:
    monkeypatch.setattr(file, "EVERY", every)
    second = Journal(partition=1)
    second.tell("r9", registered(), ResourceRenamed(name="Emma Zunz"))
    paper = Paper(first := a_journal(), second)
    there = [whole(first), whole(second)]
    attempt(paper, tmp_path / "whole", there, resume=False)
    expected, last = (tmp_path / "whole").read_bytes(), 0
    assert expected.count(b"\n") == 8
    while True:
        last += 1
        path = tmp_path / f"killed-{last}"
        with monkeypatch.context() as patched:
            steps(patched, last)
            try:
                attempt(paper, path, there, resume=False)
                break
            except Killed:
                pass
            steps(patched, 2)  # and again, soon after it has gone on
            with pytest.raises(Killed):
                attempt(paper, path, there, resume=True)
        attempt(paper, path, there, resume=True)
        assert path.read_bytes() == expected
        assert not file.places(path).exists()
    assert last > (15 if every == 0 else 6)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(Unusable, match="is there already: name another file"):
        file.begun(tmp_path / "there", {}, [])
    with pytest.raises(Unusable, match="There is nothing to resume"):
        file.resumed(tmp_path / "there", {})
    assert (tmp_path / "there").read_text() == "mine"


def begun(path: Path, asked_for: dict[str, Any]) -> None:
    sink = file.begun(path, asked_for, [whole(a_journal())])
    sink.write(Piece(0, b"a line\n", (), 1, 1, whole(a_journal())))
    sink.close(whole=False)


def test_what_was_begun_is_gone_on_with_as_it_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "begun"
    begun(path, {"types": ["resource.renamed"]})
    with pytest.raises(Unusable, match="is not whole: go on with --resume"):
        file.begun(path, {}, [])
    with pytest.raises(Unusable, match=r"for something else \(types \['resource.renamed'\]\): ask for the same"):
        file.resumed(path, {})
    os.truncate(path, 3)
    with pytest.raises(Unusable, match="was cut: it has 3 of 7 bytes"):
        file.resumed(path, {"types": ["resource.renamed"]})
    file.places(path).write_text("[]")
    with pytest.raises(Unusable, match="cannot be read: delete it"):
        file.resumed(path, {})


def test_two_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "begun"
    begun(path, {})
    first = file.resumed(path, {})
    assert first is not None
    with pytest.raises(Unusable, match="Another replay writes"):
        file.resumed(path, {})
    first.close(whole=True)


def test_a_disk_that_is_full_is_told_and_what_was_written_is_gone_on_with() -> None:
    full = Path("/dev/full")
    with pytest.raises(Unusable, match="cannot be written"):
        file.File(full, {}, [])


# ── on a real Kafka ───────────────────────────────────────────────────────────────────────────────────────────────────

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
from infra.replaying import asked, command, file, places
from infra.settings import Settings
word, topic, out, many, every = sys.argv[1:]
places.SOURCES[word] = places.SOURCES["resource"]._replace(word=word, topic=topic, partitions=4)
command.MUCH, file.EVERY = int(many), float(every)
if __name__ == "__main__":
    where = command.Where(out=file.Path(out), resume=True)
    raise SystemExit(command.run(Settings(), asked.Words([word]), where, Console(stderr=True)))
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


async def test_a_filter_that_matches_nothing_is_no_failure(stack: Settings) -> None:
    await topics.create(stack)
    done = annal(stack, "replay", "role", "--subject", "nobody")
    assert (done.returncode, done.stdout) == (0, "")
    assert "Nothing of this range is as it was asked for." in done.stderr


def test_a_kafka_that_is_away_is_told_in_a_sentence(stack: Settings) -> None:
    away = stack.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    done = annal(away, "replay", "role")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Kafka at 127.0.0.1:1 cannot be used" in done.stderr
