"""What holds for every sequence of commands."""

from collections.abc import Iterator
from typing import Any

import msgspec
import orjson
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from commands.decider import Asking, Decider, Refused, step
from commands.resource import Content, Resource, content_at
from schemas.domains import DOMAINS
from schemas.message import Actor, Command, Fact, JsonObject
from schemas.resource import RevertResource, UnshareResource, merged
from tests.commands.strategies import KINDS, Asked, kind_sequences, objects, resource_sequences
from tests.given import DECIDERS

REFUSALS = {domain.name: domain.refusals for domain in DOMAINS}


def ask(decider: Decider[Any], state: Any, command: Command, actor: str) -> tuple[Any, list[Fact] | Refused]:
    try:
        return step(decider, state, command, Asking(Actor(id=actor), kinds=KINDS))
    except Refused as refused:
        return state, refused


def states(domain: str, asked: list[Asked]) -> Iterator[tuple[Asked, Any, Any, list[Fact] | Refused]]:
    """Give every command with the state before it, the state after it, and what became of it."""
    known: dict[str, Any] = {}
    for actor, command in asked:
        before = known.get(command.subject, DECIDERS[domain].initial)
        after, outcome = ask(DECIDERS[domain], before, command, actor)
        yield (actor, command), before, after, outcome
        known[command.subject] = after


everything = st.one_of(
    st.tuples(st.just("kind"), kind_sequences()), st.tuples(st.just("resource"), resource_sequences())
)


@given(everything)
def test_asked_twice_is_asked_once(sequence: tuple[str, list[Asked]]) -> None:
    domain, asked = sequence
    for (actor, command), _, after, outcome in states(domain, asked):
        again = ask(DECIDERS[domain], after, command, actor)
        if isinstance(outcome, Refused):
            assert again[0] == after
            assert isinstance(again[1], Refused)
            assert (again[1].code, again[1].reason) == (outcome.code, outcome.reason)
        elif outcome and isinstance(command, UnshareResource) and command.account == actor:
            # Who gave up a role of their own is a stranger when asking again.
            assert isinstance(again[1], Refused)
            assert again[1].code == "resource_unknown"
        else:
            assert again == (after, [])


@given(everything)
def test_the_version_is_the_number_of_facts(sequence: tuple[str, list[Asked]]) -> None:
    for _, before, after, outcome in states(*sequence):
        added = 0 if isinstance(outcome, Refused) else len(outcome)
        assert after.version == before.version + added


@given(everything)
def test_a_refusal_is_one_sentence_with_a_known_code(sequence: tuple[str, list[Asked]]) -> None:
    for _, _, _, outcome in states(*sequence):
        if isinstance(outcome, Refused):
            assert outcome.code in REFUSALS[sequence[0]]
            assert outcome.reason.endswith(".")
            assert "\n" not in outcome.reason


@given(everything)
def test_a_state_comes_back_from_the_store_as_it_was(sequence: tuple[str, list[Asked]]) -> None:
    decider = DECIDERS[sequence[0]]
    for (actor, command), before, after, outcome in states(*sequence):
        stored = msgspec.msgpack.decode(msgspec.msgpack.encode(before), type=type(decider.initial))
        assert stored == before
        assert _said(ask(decider, stored, command, actor)) == _said((after, outcome))


def _said(decided: tuple[Any, list[Fact] | Refused]) -> tuple[Any, Any]:
    state, outcome = decided
    return state, outcome.args if isinstance(outcome, Refused) else outcome


@given(resource_sequences())
def test_an_owner_has_no_other_role(asked: list[Asked]) -> None:
    for _, _, after, _ in states("resource", asked):
        assert after.owner not in after.roles


@given(resource_sequences())
def test_attributes_always_satisfy_the_kind(asked: list[Asked]) -> None:
    for _, _, after, _ in states("resource", asked):
        if after.version:
            schema = KINDS[after.kind, after.content.kind_version]
            assert Draft202012Validator(schema).is_valid(orjson.loads(after.content.attributes))


@given(resource_sequences())
def test_only_who_has_a_role_changes_a_resource(asked: list[Asked]) -> None:
    for (actor, command), before, _, outcome in states("resource", asked):
        if before.version and outcome and not isinstance(outcome, Refused):
            giving_up = isinstance(command, UnshareResource) and command.account == actor
            assert giving_up or actor == before.owner or before.roles[actor] == "editor"


@given(resource_sequences())
def test_what_is_in_the_trash_changes_only_by_leaving_it(asked: list[Asked]) -> None:
    for _, before, _, outcome in states("resource", asked):
        if before.trashed and not isinstance(outcome, Refused):
            assert [fact.type for fact in outcome] in ([], ["resource.restored"])


@given(resource_sequences(subjects=("r1",), most=20))
def test_a_revert_gives_what_stood_then(asked: list[Asked]) -> None:
    contents: list[Content] = []
    resource = Resource()
    for _, before, resource, _ in states("resource", asked):
        if resource.version > before.version:
            contents.append(resource.content)
    for version, content in enumerate(contents, start=1):
        assert content_at(resource, version) == content
        reverted, outcome = ask(
            DECIDERS["resource"], resource, RevertResource(resource_id="r1", to_version=version), resource.owner
        )
        assert resource.trashed or reverted.content == content, outcome


@given(objects, objects)
def test_a_patch_merged_twice_is_merged_once(target: JsonObject, patch: JsonObject) -> None:
    before = orjson.dumps((target, patch))
    once = merged(target, patch)
    assert merged(once, patch) == once
    assert orjson.dumps((target, patch)) == before


@given(objects, objects)
def test_a_patch_decides_every_member_that_it_names(target: JsonObject, patch: JsonObject) -> None:
    result = merged(target, patch)
    assert result.keys() == (target.keys() | patch.keys()) - {name for name, value in patch.items() if value is None}
    assert all(result[name] == target[name] for name in target.keys() - patch.keys())
    assert all(result[name] == value for name, value in patch.items() if not isinstance(value, dict | None))
