"""What holds for every journal, however it is read."""

from hypothesis import given
from hypothesis import strategies as st

from projections.fold import fold
from projections.projection import Key, Projection, Row
from projections.read_models import READ_MODELS
from schemas.message import CommandRejected, CommandUnchanged, Fact
from tests.commands.strategies import Asked, resource_sequences
from tests.commands.test_laws import states
from tests.projections.telling import Journal, rows_of, stretches

FOLLOWERS_OF_RESOURCES = st.sampled_from(
    [each for each in READ_MODELS if "resource" in {domain.name for domain in each.domains}]
)
CUTS = st.lists(st.integers(1, 60), max_size=10)


def journal_of(asked: list[Asked], *, noisy: bool = False) -> Journal:
    """Tell what became of commands; if noisy, with void records between: repeats, strangers and rubbish."""
    journal = Journal()
    for n, (_, command, _, _, outcome) in enumerate(states("resource", asked)):
        facts: list[Fact] = outcome if isinstance(outcome, list) else [CommandRejected(code=outcome.code, reason="No.")]
        before = journal.head
        journal.tell(command.subject, *(facts or [CommandUnchanged()]), command_id=f"c{n}")
        if noisy:
            repeated = journal.records[-1]
            journal.append(repeated.key, repeated.value, prev=before if n % 2 else b"")
            journal.append(b"r1", b"rubbish", prev=bytes(32))
    return journal


def without_places(rows: dict[Key, Row]) -> dict[Key, Row]:
    """Rows as they are but for where their facts stand and what each was called, which chance decides."""
    return {key: without_place(row) for key, row in rows.items()}


def without_place(row: Row) -> Row:
    kept = {name: value for name, value in row.items() if name not in ("position", "read_at", "fact_id")}
    return kept | {"state": without_place(kept["state"])} if "state" in kept else kept


@given(FOLLOWERS_OF_RESOURCES, resource_sequences(), CUTS)
def test_rebuild_equals_live(projection: Projection, asked: list[Asked], cuts: list[int]) -> None:
    journal = journal_of(asked)
    assert rows_of(projection, journal, cuts) == rows_of(projection, journal)


@given(FOLLOWERS_OF_RESOURCES, resource_sequences(), CUTS)
def test_void_records_change_nothing(projection: Projection, asked: list[Asked], cuts: list[int]) -> None:
    noisy = rows_of(projection, journal_of(asked, noisy=True), cuts)
    assert without_places(noisy) == without_places(rows_of(projection, journal_of(asked)))


@given(resource_sequences(), CUTS)
def test_every_reader_of_a_journal_comes_to_the_same_head(asked: list[Asked], cuts: list[int]) -> None:
    journal = journal_of(asked, noisy=True)
    *_, last = stretches(READ_MODELS[1], journal, cuts)
    assert (last.after.head, last.after.read_to) == (journal.head, len(journal.records) - 1)
    assert last.after.answered == journal.commands - 1


@given(resource_sequences(), st.data())
def test_a_fact_that_cannot_be_applied_holds_back_its_subject_alone(asked: list[Asked], data: st.DataObject) -> None:
    journal = journal_of(asked)
    broken = Journal()
    at = data.draw(st.integers(0, len(journal.records) - 1))
    for record in journal.records:
        broken.append(record.key, b"rubbish" if record.offset == at else record.value)
    projection = READ_MODELS[1]
    (stretch,) = stretches(projection, broken)
    folded = fold(projection, {}, stretch.facts)
    assert [told.record.offset for told, _ in folded.held] == after(broken, at)
    whole = Journal()
    for record in broken.records:
        if record.key != broken.records[at].key or record.offset < at:
            whole.append(record.key, record.value)
    assert without_places(folded.rows) == without_places(rows_of(projection, whole))


def after(journal: Journal, at: int) -> list[int]:
    """Give a record and all later ones of its subject, by their offsets."""
    return [each.offset for each in journal.records[at:] if each.key == journal.records[at].key]
