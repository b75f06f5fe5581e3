"""What rows say of people is what the rules know, whatever was asked before."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from commands.account import Account
from commands.address import Address
from commands.apikey import Apikey
from commands.character import Character
from commands.role import Role
from commands.session import Session
from commands.totp import Totp
from projections.projection import Row, moment
from projections.read_models import READ_MODELS
from tests.commands.people import PEOPLE
from tests.commands.test_laws import states
from tests.projections.telling import Journal, rows_of

PROJECTIONS = {each.name: each for each in READ_MODELS}


def account(state: Account) -> Row:
    change = state.change
    kept = {} if state.status in ("closed", "erased") else {"service": bool(state.service), "name": state.service}
    return kept | {
        "status": state.status,
        "address": state.address or None,
        "verified": state.verified,
        "password": state.password or None,
        "profile": state.profile,
        "roles": sorted(state.roles),
        "generation": state.generation,
        "change": change and {"address": change.address, "sealed_address": change.sealed_address},
    }


def address(state: Address) -> Row:
    held = {"claimed_time": moment(state.claimed)} if state.holder else {}
    until = moment(state.until) if state.token and not state.verified else None
    return held | {"account_id": state.holder or None, "verified": state.verified, "proof_until": until}


def totp(state: Totp) -> Row:
    used = {"step": state.step} if state.enabled else {}
    codes = {"codes": list(state.codes), "codes_left": len(state.codes)}
    return used | codes | {"secret": state.secret or None, "enabled": state.enabled}


def session(state: Session) -> Row:
    if state.status == "ended":
        return {"account_id": state.account}
    return {
        "account_id": state.account,
        "generation": state.generation,
        "refresh": state.current,
        "opened_time": moment(state.opened),
        "refreshed_time": moment(state.refreshed),
        "ended_time": None,
    }


def apikey(state: Apikey) -> Row:
    return {
        "account_id": state.account,
        "maker": state.maker,
        "secret": state.secret,
        "start": state.start,
        "name": state.name,
        "scopes": list(state.scopes),
        "expires": moment(state.expires) if state.expires is not None else None,
        "per_minute": state.per_minute,
        "revoked": state.status == "revoked",
        "used": moment(state.used) if state.used else None,
    }


def role(state: Role) -> Row:
    return {"permissions": list(state.permissions), "retired": state.status == "retired"}


def character(state: Character) -> Row:
    return {"owner": state.owner, "retired": state.status == "retired"}


KNOWN: dict[str, Callable[[Any], Row]] = {
    "account": account,
    "address": address,
    "totp": totp,
    "session": session,
    "apikey": apikey,
    "role": role,
    "character": character,
}


@pytest.mark.parametrize("domain", KNOWN)
@given(st.data())
def test_a_row_says_what_the_rules_know(domain: str, data: st.DataObject) -> None:
    journal, known = Journal(domain), {}
    for _, command, _, after, outcome in states(domain, data.draw(PEOPLE[domain])):
        if isinstance(outcome, list) and outcome:
            journal.tell(command.subject, *outcome)
            known[command.subject] = after
    assume(known)
    rows = rows_of(PROJECTIONS[domain], journal)
    assert {subject for (subject,) in rows} == known.keys()
    for subject, state in known.items():
        wanted = KNOWN[domain](state)
        assert {name: rows[subject,][name] for name in wanted} == wanted
        assert rows[subject,]["version"] == journal.versions[subject]
