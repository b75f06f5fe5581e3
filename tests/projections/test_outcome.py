"""What became of a command, as whoever asked it is told."""

from projections.outcome import projection
from projections.projection import Row
from schemas.message import Actor, CommandRejected, CommandUnchanged
from schemas.resource import ResourceRenamed, ResourceTagged
from tests.projections.telling import Journal, registered, rows_of

EXPIRED = CommandRejected(code="command_expired", reason="It was asked long ago.")


def outcome_of(journal: Journal, command_id: str) -> Row:
    return rows_of(projection, journal)[command_id,]


def test_an_accepted_command_has_its_facts_in_order_and_the_place_of_the_last() -> None:
    journal = Journal(partition=3)
    journal.tell("r1", registered())
    command = journal.tell("r1", ResourceRenamed(name="b"), ResourceTagged(tags=("c",)), actor=Actor(id="bob"))
    row = outcome_of(journal, command)
    assert (row["status"], row["facts"]) == ("accepted", ["resource.renamed", "resource.tagged"])
    assert (row["actor"], row["subject"], row["version"]) == ("bob", "r1", 3)
    assert (row["command"], row["position"]) == ("resource:3:1", "resource:3:2")


def test_an_unchanged_command_is_accepted_without_facts() -> None:
    journal = Journal()
    row = outcome_of(journal, journal.tell("r1", CommandUnchanged()))
    assert (row["status"], row["facts"]) == ("accepted", [])


def test_a_refused_command_has_its_code_and_reason() -> None:
    journal = Journal()
    row = outcome_of(journal, journal.tell("r1", CommandRejected(code="resource_unknown", reason="There is none.")))
    assert (row["status"], row["code"], row["reason"]) == ("rejected", "resource_unknown", "There is none.")


def test_a_command_that_came_too_late_is_expired() -> None:
    journal = Journal()
    row = outcome_of(journal, journal.tell("r1", EXPIRED))
    assert (row["status"], row["code"]) == ("expired", "command_expired")


def test_a_command_that_came_again_too_late_keeps_what_it_got_before() -> None:
    journal = Journal()
    command = journal.tell("r1", registered())
    journal.tell("r1", EXPIRED, command_id=command)
    assert outcome_of(journal, command)["status"] == "accepted"


def test_an_id_asked_again_after_it_was_forgotten_is_another_command() -> None:
    journal = Journal()
    command = journal.tell("r1", registered())
    journal.tell("r1", ResourceRenamed(name="b"), command_id=command)
    row = outcome_of(journal, command)
    assert (row["facts"], row["command"]) == (["resource.renamed"], "resource:0:1")


def test_what_no_rule_has_seen_may_hold_what_postgres_cannot() -> None:
    journal = Journal()
    command = journal.tell("r\0", CommandRejected(code="command_undecodable", reason="No \0."))
    row = outcome_of(journal, command)
    assert (row["subject"], row["reason"]) == ("r\N{REPLACEMENT CHARACTER}", "No \N{REPLACEMENT CHARACTER}.")
