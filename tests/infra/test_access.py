"""Who may do what on Kafka, as a table: commands and facts are written by few, and whatever differs is noticed."""

from pathlib import Path

import pytest

from infra.access import TABLE, Difference, Right, compare, rights, short
from schemas import topics
from schemas.domains import DOMAINS


def who_may(operation: str, topic: str) -> set[str]:
    return {right.principal for right in rights() if (right.operation, right.name) == (operation, topic)}


@pytest.mark.parametrize("domain", [domain.name for domain in DOMAINS])
def test_commands_are_written_by_doors_and_workers_and_facts_by_workers_only(domain: str) -> None:
    noting = {"User:annal-auditor"} if domain == "audit" else set()
    asking = {"User:annal-api", "User:annal-agent", "User:annal-worker"}
    assert who_may("write", topics.commands(domain)) == asking | noting
    assert who_may("write", topics.facts(domain)) == {"User:annal-worker"}


def test_what_the_table_says_is_as_it_must_be() -> None:
    assert compare(rights()) == []


def test_a_right_that_is_missing_is_noticed() -> None:
    lost = Right("User:annal-worker", "write", "topic", "kind.facts")
    assert compare(rights() - {lost}) == [Difference(lost, "missing")]


@pytest.mark.parametrize(
    "more",
    [
        Right("User:annal-api", "write", "topic", "kind.facts"),
        Right("User:annal-worker", "write", "topic", "kind.facts", permission="deny"),
        Right("User:annal-worker", "write", "topic", "kind.facts", host="10.0.0.1"),
        Right("User:annal-project", "read", "group", "annal.projection.", "literal"),
        Right("User:annal-subscriber", "write", "transactional_id", "x"),
    ],
)
def test_a_right_too_much_is_noticed(more: Right) -> None:
    assert compare(rights() | {more}) == [Difference(more, "too much")]


@pytest.mark.parametrize(
    "theirs",
    [
        Right("User:bob", "write", "topic", "kind.facts"),
        Right("User:bob", "write", "topic", "ki", "prefixed"),
        Right("User:*", "all", "topic", "*"),
    ],
)
def test_a_stranger_who_may_write_is_noticed(theirs: Right) -> None:
    assert compare(rights() | {theirs}) == [Difference(theirs, "of a stranger")]


@pytest.mark.parametrize(
    "theirs",
    [
        Right("User:bob", "read", "topic", "*"),
        Right("User:bob", "write", "topic", "kind.facts", permission="deny"),
        Right("User:bob", "write", "topic", "kinds"),
        Right("User:bob", "alter", "cluster", "kafka-cluster"),
    ],
)
def test_what_else_strangers_may_is_not_for_us_to_say(theirs: Right) -> None:
    assert compare(rights() | {theirs}) == []


def test_the_topics_of_all_domains_have_a_short_name() -> None:
    facts = [topics.facts(domain.name) for domain in DOMAINS]
    assert short([*facts, "kind.commands"]) == ["*.facts", "kind.commands"]
    assert short(facts[1:]) == sorted(facts[1:])


def test_the_guide_has_the_table() -> None:
    guide = Path("docs/production-kafka.md").read_text().splitlines()
    rows = [
        f"| `{grant.user}` | {', '.join(grant.operations)} | {grant.resource} `{grant.name}` | {grant.reason} |"
        for grant in TABLE
    ]
    assert [line for line in guide if line.startswith("| `annal-")] == rows
