from pathlib import Path
from shutil import copytree

import pytest

from schemas import avro
from schemas.contracts import committed
from schemas.contracts.accept import accept
from schemas.domains import FACTS
from schemas.message import Actor, FactMeta
from schemas.upcast import UPCASTERS
from schemas.wire import Undecodable, Wire
from tests.schemas.library import Author, BookLent, BookShelved, lent

# Written when both contracts were at version 1: `The Name of the Rose` by Eco, and a book taken by `Rossi, Anna`.
SHELVED = bytes.fromhex(
    "00000000010466311e6c6962726172792e7368656c7665640c626f6f6b2d310280a0abfef96208616e6e61000000046331146c6962726172792e"
    "646f0e000463310028546865204e616d65206f662074686520526f73650645636f"
)
TAKEN = bytes.fromhex(
    "00000000020466311a6c6962726172792e74616b656e0c626f6f6b2d310280a0abfef96208616e6e61000000046331146c6962726172792e646f"
    "0e000463310016526f7373692c20416e6e61"
)
META = FactMeta(
    id="f1",
    type="library.shelved",
    subject="book-1",
    version=1,
    time=1_700_000_000_000,
    actor=Actor(id="anna"),
    command_id="c1",
    command_type="library.do",
    command_offset=7,
    correlation_id="c1",
)


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """Those that were, and today's."""
    directory = tmp_path / "contracts"
    copytree(Path(__file__).parent / "contracts", directory)
    accept([BookShelved, BookLent], directory)
    return directory


def test_a_fact_of_an_earlier_version_reads_as_todays(contracts: Path) -> None:
    recorded = Wire([], [BookShelved, BookLent], committed(contracts)).decode_fact(SHELVED)
    assert recorded.meta == META
    # What it has gained has its default, also within; and the rule that titles are short came later than this fact.
    assert recorded.fact == BookShelved.model_construct(
        title="The Name of the Rose", author=Author(name="Eco", born=None), shelf="unsorted"
    )


def test_a_fact_whose_meaning_changed_reads_as_its_upcaster_says(contracts: Path) -> None:
    wire = Wire([], [BookShelved, BookLent], committed(contracts), {("annal.library.BookTaken", 1): lent})
    recorded = wire.decode_fact(TAKEN)
    assert recorded.meta == META.model_copy(update={"type": "library.lent"})
    assert recorded.fact == BookLent(given_name="Anna", family_name="Rossi", days=14)


def test_a_fact_that_no_one_says_any_more_and_no_one_upcasts_is_undecodable(contracts: Path) -> None:
    with pytest.raises(Undecodable, match=r"It holds annal.library.BookTaken, which is no fact of today"):
        Wire([], [BookShelved, BookLent], committed(contracts)).decode_fact(TAKEN)


def test_an_upcaster_that_makes_no_fact_of_today_makes_it_undecodable(contracts: Path) -> None:
    wire = Wire([], [BookLent], committed(contracts), {("annal.library.BookTaken", 1): lambda record: {**record}})
    with pytest.raises(Undecodable, match=r"its upcaster makes library.taken of it, which is no fact of today"):
        wire.decode_fact(TAKEN)


def test_every_fact_that_was_ever_published_is_read() -> None:
    said = {avro.full_name(fact) for fact in FACTS.values()}
    published = {
        (contract.name, contract.version)
        for contract in committed()
        if avro.record_name(contract.schema["fields"][0]["type"]) == avro.full_name(FactMeta)
    }
    assert {(name, version) for name, version in published if name not in said} <= set(UPCASTERS)
    assert set(UPCASTERS) <= published
