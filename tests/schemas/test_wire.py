from contextlib import suppress
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas import avro
from schemas.contracts import Contract, committed, newest
from schemas.domains import COMMANDS, FACTS
from schemas.message import Actor, Asked, Command, CommandMeta, CommandRejected, Fact, FactMeta, Recorded
from schemas.resource import RenameResource, ResourceRenamed, ResourceTagged
from schemas.wire import WIRE, Undecodable, Wire, decode_command, decode_fact, encode_command, encode_fact
from tests.schemas import anything
from tests.schemas.garden import PLANTED, GardenLeft, PlantSeeds, SeedsPlanted

GARDEN_CLASSES: tuple[type[Command | Fact], ...] = (PlantSeeds, SeedsPlanted, GardenLeft)
GARDEN = Wire(
    [PlantSeeds],
    [SeedsPlanted, GardenLeft],
    [
        Contract(number, avro.full_name(message), 1, avro.contract(message))
        for number, message in enumerate(GARDEN_CLASSES, start=1000)
    ],
)
ALICE = Actor(id="alice", via="web")
RENAME = Asked(
    CommandMeta(
        id="c1", type="resource.rename", subject="r1", time=1_700_000_000_000, actor=ALICE, correlation_id="c1"
    ),
    RenameResource(resource_id="r1", name="Zoë's 庭"),
)
RENAMED = Recorded(
    FactMeta(
        id="f1",
        type="resource.renamed",
        subject="r1",
        version=2,
        time=1_700_000_000_000,
        actor=ALICE,
        command_id="c1",
        command_type="resource.rename",
        command_offset=41,
        correlation_id="c1",
    ),
    ResourceRenamed(name="Zoë's 庭"),
)
EACH = 20
COMMAND_CLASSES = [(WIRE, command) for command in COMMANDS.values()] + [(GARDEN, PlantSeeds)]
FACT_CLASSES = [(WIRE, fact) for fact in FACTS.values()] + [(GARDEN, SeedsPlanted), (GARDEN, GardenLeft)]


@pytest.mark.parametrize(("wire", "kind"), COMMAND_CLASSES)
def test_any_command_comes_back_as_it_was(wire: Wire, kind: type[Command]) -> None:
    @settings(max_examples=EACH)
    @given(anything.asked(kind))
    def holds(asked: Asked) -> None:
        assert wire.decode_command(wire.encode_command(asked)) == asked

    holds()


@pytest.mark.parametrize(("wire", "kind"), FACT_CLASSES)
def test_any_fact_comes_back_as_it_was_and_equal_ones_are_equal_bytes(wire: Wire, kind: type[Fact]) -> None:
    @settings(max_examples=EACH)
    @given(anything.recorded(kind))
    def holds(recorded: Recorded) -> None:
        value = wire.encode_fact(recorded)
        assert wire.decode_fact(value) == recorded
        equal = kind.model_validate(_other_way_round(recorded.fact.model_dump()))
        assert wire.encode_fact(Recorded(recorded.meta, equal)) == value

    holds()


def _other_way_round(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _other_way_round(value[key]) for key in reversed(value)}
    return [_other_way_round(each) for each in value] if isinstance(value, list | tuple) else value


@given(st.data())
def test_fastavro_reads_the_same_values_and_writes_the_same_bytes(data: st.DataObject) -> None:
    wire, kind = data.draw(st.sampled_from(FACT_CLASSES))
    recorded = data.draw(anything.recorded(kind))
    value = wire.encode_fact(recorded)
    schema = _without_logical_types(avro.contract(kind))
    body = BytesIO(value[5:])
    record: Any = fastavro.schemaless_reader(body, schema, None)
    assert not body.read()
    assert record["meta"] == recorded.meta.model_dump()
    again = BytesIO()
    fastavro.schemaless_writer(again, schema, record, disable_tuple_notation=True)
    assert again.getvalue() == value[5:]


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _without_logical_types(value) for key, value in schema.items() if key != "logicalType"}
    return [_without_logical_types(each) for each in schema] if isinstance(schema, list) else schema


@given(st.binary(max_size=60))
@example(b"")
@example(b"\0")
def test_bytes_of_no_one_are_undecodable(value: bytes) -> None:
    for decode in (decode_command, decode_fact):
        with pytest.raises(Undecodable):
            decode(value)


@given(st.data())
def test_whatever_happens_to_a_fact_it_is_read_or_undecodable(data: st.DataObject) -> None:
    wire, kind = data.draw(st.sampled_from(FACT_CLASSES))
    value = _damaged(data, wire.encode_fact(data.draw(anything.recorded(kind))))
    with suppress(Undecodable):
        wire.decode_fact(value)


@given(st.data())
def test_whatever_happens_to_a_command_it_is_read_or_undecodable(data: st.DataObject) -> None:
    wire, kind = data.draw(st.sampled_from(COMMAND_CLASSES))
    value = _damaged(data, wire.encode_command(data.draw(anything.asked(kind))))
    with suppress(Undecodable):
        wire.decode_command(value)


def _damaged(data: st.DataObject, value: bytes) -> bytes:
    damaged = bytearray(value)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(damaged)))
        damaged[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    return bytes(damaged)


@pytest.mark.parametrize("length", range(len(encode_fact(RENAMED))))
def test_what_ends_too_early_is_undecodable(length: int) -> None:
    with pytest.raises(Undecodable):
        decode_fact(encode_fact(RENAMED)[:length])


def undecodable(value: bytes) -> str:
    with pytest.raises(Undecodable) as caught:
        decode_command(value)
    return str(caught.value)


def test_the_sentence_says_what_is_wrong_with_bytes() -> None:
    good = encode_command(RENAME)
    number = newest(committed())["annal.resource.RenameResource"].id
    assert good[:5] == bytes([0, 0, 0, 0, number])
    assert undecodable(b'{"name": "x"}') == "It does not begin with a zero and the four bytes of a schema id."
    assert undecodable(b"\0\0\1\1\1" + good[5:]) == "No contract has its schema id, 65793."
    assert undecodable(encode_fact(RENAMED)) == "It holds annal.resource.ResourceRenamed, which is no command of today."
    assert undecodable(good + b"\0") == ("Its bytes are no annal.resource.RenameResource: more follows after its end.")
    assert undecodable(good[:-1]).startswith("Its bytes are no annal.resource.RenameResource: ")
    assert undecodable(good[:20]) == "Its bytes are no annal.resource.RenameResource: it ends too early."


def test_a_command_that_its_class_refuses_is_undecodable() -> None:
    command = RENAME.command.model_copy(update={"name": ""})
    assert undecodable(encode_command(Asked(RENAME.meta, command))) == (
        "Its bytes are no annal.resource.RenameResource: name: String should have at least 1 character."
    )


def test_a_command_is_what_travels_with_it_says() -> None:
    meta = RENAME.meta.model_copy(update={"subject": "r2"})
    assert undecodable(encode_command(Asked(meta, RENAME.command))) == (
        "It says that it is resource.rename of r2, and holds resource.rename of r1."
    )
    with pytest.raises(Undecodable, match=r"It says that it is resource.named, and holds resource.renamed."):
        decode_fact(encode_fact(Recorded(RENAMED.meta.model_copy(update={"type": "resource.named"}), RENAMED.fact)))


def test_a_refusal_reads_in_every_domain() -> None:
    refusal = CommandRejected(code="resource_unknown", reason="There is no such resource.")
    meta = RENAMED.meta.model_copy(update={"type": refusal.type})
    assert decode_fact(encode_fact(Recorded(meta, refusal))).fact == refusal


def test_a_fact_that_came_by_wire_is_as_good_as_one_made_here() -> None:
    fact = decode_fact(encode_fact(RENAMED)).fact
    assert isinstance(fact, ResourceRenamed)
    assert (fact.model_dump_json(), hash(fact), repr(fact)) == (
        RENAMED.fact.model_dump_json(),
        hash(RENAMED.fact),
        repr(RENAMED.fact),
    )
    assert fact.model_copy(update={"name": "x"}) == ResourceRenamed(name="x")
    with pytest.raises(ValueError, match="frozen"):
        fact.name = "x"  # type: ignore[misc]


def planted(fact: SeedsPlanted) -> bytes:
    return GARDEN.encode_fact(Recorded(RENAMED.meta.model_copy(update={"type": "garden.planted"}), fact))


def test_a_word_that_no_one_may_say_is_undecodable() -> None:
    with pytest.raises(Undecodable, match="a word is none of spring, autumn"):
        GARDEN.decode_fact(planted(PLANTED.model_copy(update={"season": "winter"})))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_what_does_not_fit_is_not_written(number: int) -> None:
    with pytest.raises(ValueError, match="does not fit in 64 bits"):
        planted(PLANTED.model_copy(update={"rows": ((number,),)}))


def test_items_may_come_in_blocks_that_say_their_size() -> None:
    value = encode_fact(
        Recorded(RENAMED.meta.model_copy(update={"type": "resource.tagged"}), ResourceTagged(tags=("a",)))
    )
    assert value.endswith(b"\x02\x02a\x00")
    assert decode_fact(value[:-4] + b"\x01\x04\x02a\x02\x02b\x00").fact == ResourceTagged(tags=("a", "b"))


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (b"\x80" * 20, "a number has more than 64 bits"),
        (b"\xff" * 9 + b"\x7f", "a number has more than 64 bits"),
        (b"\xfe\xff\xff\xff\x0f", "it ends too early"),
        (b"\x02\x01a\x00", "a length is negative"),
        (b"\x02\x02\xff\x00", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_broken_numbers_lengths_and_characters_are_undecodable(ending: bytes, reason: str) -> None:
    value = encode_fact(
        Recorded(RENAMED.meta.model_copy(update={"type": "resource.tagged"}), ResourceTagged(tags=("a",)))
    )
    with pytest.raises(Undecodable) as caught:
        decode_fact(value[:-4] + ending)
    assert str(caught.value) == f"Its bytes are no annal.resource.ResourceTagged: {reason}."
