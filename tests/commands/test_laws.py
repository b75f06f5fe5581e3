"""What holds for every sequence of commands."""

from collections.abc import Iterator
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from commands.decider import Asking, Decider, Refused, step
from commands.resource import Content, Resource, content_at
from schemas.account import ConfirmAddressChange, RehashPassword, RevokeSessions
from schemas.address import UNPROVED_MS
from schemas.domains import DOMAINS
from schemas.message import Actor, Command, Fact, JsonObject
from schemas.resource import RevertResource, UnshareResource, merged
from schemas.session import RefreshSession, SessionEnded
from schemas.totp import RecoveryCodesRenewed, RecoveryCodeUsed, TotpDisabled, TotpEnabled, TotpUsed
from tests.commands.people import HOUR, PEOPLE, SEALED
from tests.commands.strategies import KINDS, Asked, kind_sequences, objects, resource_sequences
from tests.given import DECIDERS

REFUSALS = {domain.name: domain.refusals for domain in DOMAINS}
SEQUENCES = {"kind": kind_sequences(), "resource": resource_sequences(), **PEOPLE}

of_every_domain = pytest.mark.parametrize("domain", SEQUENCES)
each_a_little = settings(max_examples=50, deadline=None)

Deciding = tuple[Asking, Command, Any, Any, list[Fact] | Refused]
"""Who asks, what, the state before and after it, and what became of it."""


def ask(decider: Decider[Any], state: Any, command: Command, asking: Asking) -> tuple[Any, list[Fact] | Refused]:
    try:
        return step(decider, state, command, asking)
    except Refused as refused:
        return state, refused


def states(domain: str, asked: list[Asked]) -> Iterator[Deciding]:
    """Decide commands in turn: some at one moment, and hours go by."""
    known: dict[str, Any] = {}
    for n, (actor, command) in enumerate(asked):
        asking = Asking(Actor(id=actor), n // 3 * 6 * HOUR, KINDS)
        before = known.get(command.subject, DECIDERS[domain].initial)
        after, outcome = ask(DECIDERS[domain], before, command, asking)
        yield asking, command, before, after, outcome
        known[command.subject] = after


def test_every_domain_keeps_the_laws() -> None:
    assert SEQUENCES.keys() == DECIDERS.keys() == REFUSALS.keys()


SPENT = {
    "totp.used": "code_used",
    "totp.recovery_code_used": "code_wrong",
    "session.ended": "session_ended",
    "resource.unshared": "resource_unknown",
    "conversation.agent_replied": "turn_answered",
    "conversation.tool_declined": "proposal_unknown",
    "conversation.tool_expired": "proposal_unknown",
    "conversation.memory_forgotten": "memory_unknown",
}
"""What is refused when the same is asked again: codes are used once, and who left is a stranger."""


@of_every_domain
@each_a_little
@given(st.data())
def test_asked_twice_is_asked_once(domain: str, data: st.DataObject) -> None:
    for asking, command, _, after, outcome in states(domain, data.draw(SEQUENCES[domain])):
        again = ask(DECIDERS[domain], after, command, asking)
        if isinstance(outcome, Refused):
            assert _said(again) == (after, outcome.args)
        elif outcome and _spends(command, outcome, asking):
            assert isinstance(again[1], Refused)
            assert again[1].code == SPENT[outcome[0].type]
        elif isinstance(command, RevokeSessions):
            # What was begun in between ends as well.
            assert again[0].generation == after.generation + 1
        else:
            assert again == (after, [])


def _spends(command: Command, outcome: list[Fact], asking: Asking) -> bool:
    if isinstance(command, UnshareResource):
        return command.account == asking.actor.id
    if isinstance(outcome[0], SessionEnded):
        return isinstance(command, RefreshSession)
    return outcome[0].type in SPENT


@pytest.mark.parametrize("domain", ["kind", "resource"])
@given(st.data())
def test_the_version_is_the_number_of_facts(domain: str, data: st.DataObject) -> None:
    for _, _, before, after, outcome in states(domain, data.draw(SEQUENCES[domain])):
        added = 0 if isinstance(outcome, Refused) else len(outcome)
        assert after.version == before.version + added


@of_every_domain
@each_a_little
@given(st.data())
def test_a_refusal_is_one_sentence_with_a_known_code(domain: str, data: st.DataObject) -> None:
    for *_, outcome in states(domain, data.draw(SEQUENCES[domain])):
        if isinstance(outcome, Refused):
            assert outcome.code in REFUSALS[domain]
            assert outcome.reason.endswith(".")
            assert "\n" not in outcome.reason
            assert SEALED not in outcome.reason


@of_every_domain
@each_a_little
@given(st.data())
def test_a_state_comes_back_from_the_store_as_it_was(domain: str, data: st.DataObject) -> None:
    decider = DECIDERS[domain]
    for asking, command, before, after, outcome in states(domain, data.draw(SEQUENCES[domain])):
        stored = msgspec.msgpack.decode(msgspec.msgpack.encode(before), type=type(decider.initial))
        assert stored == before
        assert _said(ask(decider, stored, command, asking)) == _said((after, outcome))


def _said(decided: tuple[Any, list[Fact] | Refused]) -> tuple[Any, Any]:
    state, outcome = decided
    return state, outcome.args if isinstance(outcome, Refused) else outcome


@of_every_domain
@each_a_little
@given(st.data())
def test_facts_fold_in_whatever_order_they_come(domain: str, data: st.DataObject) -> None:
    decided = states(domain, data.draw(SEQUENCES[domain]))
    facts = [fact for *_, outcome in decided if not isinstance(outcome, Refused) for fact in outcome]
    state = DECIDERS[domain].initial
    for fact in data.draw(st.permutations(facts)):
        state = DECIDERS[domain].evolve(state, fact)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(state)) == state


@given(PEOPLE["address"])
def test_an_address_passes_to_another_only_when_nobody_proved_to_read_it_for_a_day(asked: list[Asked]) -> None:
    for asking, _, before, after, _ in states("address", asked):
        if before.holder and after.holder and after.holder != before.holder:
            assert not before.verified
            assert asking.time - before.claimed >= UNPROVED_MS


@given(PEOPLE["account"])
def test_a_generation_only_rises_and_what_ended_stays_so(asked: list[Asked]) -> None:
    for _, _, before, after, _ in states("account", asked):
        assert before.generation <= after.generation <= before.generation + 1
        if before.status in ("closed", "erased"):
            assert after.status in (before.status, "erased")
            assert SEALED.encode() not in msgspec.msgpack.encode(after)


@given(PEOPLE["account"])
def test_no_other_password_leaves_earlier_sign_ins_as_they_were(asked: list[Asked]) -> None:
    for _, command, before, after, _ in states("account", asked):
        if before.status != "absent" and after.password != before.password:
            assert after.generation > before.generation or isinstance(command, RehashPassword)


@given(PEOPLE["account"])
def test_a_verified_address_is_left_only_when_it_agreed(asked: list[Asked]) -> None:
    for _, command, before, after, _ in states("account", asked):
        if before.verified and after.address not in (before.address, ""):
            agreed = before.change.agreed == "old" or isinstance(command, ConfirmAddressChange)
            assert agreed or not before.change.old.digest


@given(PEOPLE["totp"])
def test_no_code_is_used_twice(asked: list[Asked]) -> None:
    used: set[tuple[str, Any]] = set()
    for _, _, before, _, outcome in states("totp", asked):
        for fact in () if isinstance(outcome, Refused) else outcome:
            if isinstance(fact, TotpEnabled | RecoveryCodesRenewed):
                # The same codes may be named again, as only chance forbids.
                used = {(secret, code) for secret, code in used if not isinstance(code, str)}
            if isinstance(fact, TotpUsed | RecoveryCodeUsed):
                code = (before.secret, fact.step if isinstance(fact, TotpUsed) else fact.code)
                assert code not in used
                used.add(code)
            if isinstance(fact, TotpDisabled):
                used.clear()


@given(resource_sequences())
def test_an_owner_has_no_other_role(asked: list[Asked]) -> None:
    for _, _, _, after, _ in states("resource", asked):
        assert after.owner not in after.roles


@given(resource_sequences())
def test_attributes_always_satisfy_the_kind(asked: list[Asked]) -> None:
    for _, _, _, after, _ in states("resource", asked):
        if after.version:
            schema = KINDS[after.kind, after.content.kind_version]
            assert Draft202012Validator(schema).is_valid(orjson.loads(after.content.attributes))


@given(resource_sequences())
def test_only_who_has_a_role_changes_a_resource(asked: list[Asked]) -> None:
    for asking, command, before, _, outcome in states("resource", asked):
        if before.version and outcome and not isinstance(outcome, Refused):
            giving_up = isinstance(command, UnshareResource) and command.account == asking.actor.id
            assert giving_up or asking.actor.id == before.owner or before.roles[asking.actor.id] == "editor"


@given(resource_sequences())
def test_what_is_in_the_trash_changes_only_by_leaving_it(asked: list[Asked]) -> None:
    for _, _, before, _, outcome in states("resource", asked):
        if before.trashed and not isinstance(outcome, Refused):
            assert [fact.type for fact in outcome] in ([], ["resource.restored"])


@given(resource_sequences(subjects=("r1",), most=20))
def test_a_revert_gives_what_stood_then(asked: list[Asked]) -> None:
    contents: list[Content] = []
    resource = Resource()
    for _, _, before, resource, _ in states("resource", asked):
        if resource.version > before.version:
            contents.append(resource.content)
    for version, content in enumerate(contents, start=1):
        assert content_at(resource, version) == content
        owner = Asking(Actor(id=resource.owner), kinds=KINDS)
        reverted, outcome = ask(
            DECIDERS["resource"], resource, RevertResource(resource_id="r1", to_version=version), owner
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
