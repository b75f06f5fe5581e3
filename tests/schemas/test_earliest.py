"""Facts as they were first written are read by today's code, and make the rows that they made then."""

from collections.abc import Iterable
from pathlib import Path
from shutil import copytree
from typing import Any, ClassVar

import orjson
import pytest

from projections.projection import Projection
from projections.read_models import READ_MODELS
from schemas import avro
from schemas.contracts import HERE, Contract, committed
from schemas.contracts.accept import accept
from schemas.domains import FACTS
from schemas.message import Fact
from schemas.upcast import UPCASTERS, Upcaster
from schemas.wire import Undecodable, Wire, decode_fact
from tests.schemas.earliest import keep
from tests.schemas.earliest.keep import Kept

KEPT, ROWS = keep.kept()


def differing(facts: Iterable[Kept], wire: Wire) -> dict[str, str]:
    """Say which facts no longer read as they did; what they have gained since is no difference."""
    found = {}
    for each in facts:
        try:
            now = keep.said(wire.decode_fact(each.value))
        except Undecodable as error:
            found[each.contract] = str(error)
            continue
        if not (each.said["meta"].items() <= now["meta"].items() and each.said["data"].items() <= now["data"].items()):
            found[each.contract] = f"It was {each.said}, and is {now}."
    return found


def still(before: Any, now: Any) -> Any:
    """Give of a column what was said before; what a fact has gained since is no difference."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return now
    return {name: still(said, now[name]) for name, said in before.items() if name in now}


def test_every_fact_has_a_value_of_its_first_contract() -> None:
    missing = set(keep.first(committed())) - {each.contract for each in KEPT}
    assert not missing, (
        f"No first value is kept of {', '.join(sorted(missing))}: run `uv run python -m tests.schemas.earliest.keep` "
        "and commit what it adds to tests/schemas/earliest/facts.json."
    )


def test_kept_values_were_written_by_first_contracts() -> None:
    ids = {each.name: each.id for each in committed() if each.version == 1}
    assert [int.from_bytes(each.value[1:5]) for each in KEPT] == [ids[each.contract] for each in KEPT]


@pytest.mark.parametrize("fact", KEPT, ids=[each.contract for each in KEPT])
def test_a_first_value_reads_as_it_did(fact: Kept) -> None:
    recorded = decode_fact(fact.value)
    if fact.contract == avro.full_name(FACTS[recorded.meta.type]):  # else an upcaster makes another of it
        assert differing([fact], Wire([], FACTS.values(), committed())) == {}


@pytest.mark.parametrize("projection", READ_MODELS, ids=[each.name for each in READ_MODELS])
def test_first_values_make_the_rows_that_they_made(projection: Projection) -> None:
    before, now = ROWS[projection.name], keep.rows(projection, KEPT)
    assert now.keys() == before.keys()
    for key, row in before.items():
        assert {name: still(said, now[key].get(name)) for name, said in row.items()} == row


def test_adding_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    path.write_bytes(keep.KEPT.read_bytes())
    assert keep.add(path) == []
    assert path.read_bytes() == keep.KEPT.read_bytes()


def test_what_is_missing_is_added_to_a_subject_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    said = orjson.loads(keep.KEPT.read_bytes())
    said["facts"] = [each for each in said["facts"] if each["contract"] != "annal.role.RoleRetired"]
    path.write_bytes(orjson.dumps(said))
    assert keep.add(path) == ["annal.role.RoleRetired"]
    facts, rows = keep.kept(path)
    before = [each for each in KEPT if each.contract != "annal.role.RoleRetired"]
    assert [each for each in facts if each in before] == before
    assert len({each.subject for each in facts if each.domain == "role"}) == 2
    assert all(ROWS[name].items() <= made.items() for name, made in rows.items())


# ── with a change that is made here alone ─────────────────────────────────────────────────────────────────────────────


def planted(name: str, type_: str, fields: dict[str, Any], **defaults: Any) -> Any:
    """Give a class as it could stand in schemas/resource.py one day."""
    body = {"__module__": "schemas.resource", "__annotations__": {**fields, "type": ClassVar[str]}, "type": type_}
    return type(name, (Fact,), body | defaults)


GAINED = planted("ResourceRenamed", "resource.renamed", {"name": str, "reason": str | None}, reason=None)
LABELLED = planted("ResourceLabelled", "resource.labelled", {"labels": dict[str, str]})


def labelled(record: dict[str, Any]) -> dict[str, Any]:
    return {"meta": {**record["meta"], "type": LABELLED.type}, "labels": dict.fromkeys(record["tags"], "tag")}


@pytest.fixture
def later(tmp_path: Path) -> tuple[Contract, ...]:
    """The contracts after a fact has gained a field, and another one's meaning has changed."""
    copytree(HERE, tmp_path / "contracts")
    accept([GAINED, LABELLED], tmp_path / "contracts")
    return committed(tmp_path / "contracts")


def wire_of(later: tuple[Contract, ...], upcasters: dict[tuple[str, int], Upcaster]) -> Wire:
    replaced = {GAINED.type: GAINED, LABELLED.type: LABELLED}
    facts = {type_: fact for type_, fact in FACTS.items() if type_ != "resource.tagged"} | replaced
    return Wire([], facts.values(), later, {**UPCASTERS, **upcasters})


def test_first_values_are_read_after_a_field_was_gained_and_a_meaning_changed(later: tuple[Contract, ...]) -> None:
    wire = wire_of(later, {("annal.resource.ResourceTagged", 1): labelled})
    others = [each for each in KEPT if each.contract != "annal.resource.ResourceTagged"]
    assert differing(others, wire) == {}
    by_name = {each.contract: wire.decode_fact(each.value) for each in KEPT}
    assert by_name["annal.resource.ResourceRenamed"].fact == GAINED(name="the name", reason=None)
    assert by_name["annal.resource.ResourceTagged"].fact == LABELLED(labels={"the tags": "tag"})
    assert by_name["annal.resource.ResourceTagged"].meta.type == "resource.labelled"


def test_a_meaning_that_changed_without_an_upcaster_is_noticed(later: tuple[Contract, ...]) -> None:
    told = differing(KEPT, wire_of(later, {}))
    assert list(told) == ["annal.resource.ResourceTagged"]
    assert "which is no fact of today" in told["annal.resource.ResourceTagged"]
