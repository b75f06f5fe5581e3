"""The forms of API keys: making one and giving it another secret; the secret is shown then and never again."""

from typing import Annotated, Any

from pydantic import Field

from infra.auth import apikeys
from schemas.apikey import LONGEST_OVERLAP_MS, CreateKey, KeyId, KeyName, PerMinute, RerollKey, Scopes
from schemas.message import Outcome, Time
from schemas.person import AccountId
from schemas.problems import Problem
from schemas.rights import RIGHTS
from streams.beyond import require_had
from streams.forms import Answer, Form, Sent, Visit


class NewKey(Sent):
    name: KeyName
    scopes: Scopes
    expires: Time | None = Field(None, description="When it stops to work; null is never.", examples=[None])
    per_minute: PerMinute | None = Field(None, description="Requests a minute; null is as many as the account's.")
    account: AccountId | None = Field(
        None, description="A service account that asks with it; your own if left out.", examples=[None]
    )


class NewSecret(Sent):
    key_id: KeyId
    overlap_seconds: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP_MS // 1000)] = Field(
        0, description="How long the secret before still works.", examples=[3600]
    )


class WithSecret(Outcome):
    """An outcome, and the key with its secret, which is shown now and never again."""

    key_id: str
    key: str


async def create(visit: Visit, sent: NewKey) -> Answer:
    caller = visit.terms.caller
    if sent.account is not None and sent.account != caller.actor.id:
        caller.require("apikey:create")
        row = await visit.identity.people.account(sent.account)
        if row is None or not row["service"]:
            raise Problem("account_unknown", "Name a service account; people make their keys themselves.")
    require_had(caller, sent.scopes)
    key_id, text = visit.new_id("key"), await _secret(visit)
    command = CreateKey(
        key_id=key_id,
        account_id=sent.account or caller.actor.id,
        secret=_digest(text),
        start=apikeys.start(text),
        name=sent.name,
        scopes=tuple(sorted(set(sent.scopes))),
        expires=sent.expires,
        per_minute=sent.per_minute,
    )
    return Answer(await visit.ask(command, caller.actor), {"key_id": key_id, "key": text})


async def reroll(visit: Visit, sent: NewSecret) -> Answer:
    row = await visit.identity.people.apikey(sent.key_id)
    if row is None:
        # What it may do is not known here, so nobody can be said to have all of it.
        raise Problem("apikey_unknown", "You have no such key; take its id from the list of your keys.")
    if visit.terms.actor.id in (row["account_id"], row["maker"]):
        # Who has the secret may do all that the key may: with a key of few scopes nobody gets one of many.
        require_had(visit.terms.caller, tuple(row["scopes"]))
    text = await _secret(visit)
    command = RerollKey(
        key_id=sent.key_id,
        secret=_digest(text),
        start=apikeys.start(text),
        overlap=sent.overlap_seconds * 1000,
    )
    return Answer(await visit.ask(command, visit.terms.actor), {"key_id": sent.key_id, "key": text})


async def _secret(visit: Visit) -> str:
    """Make a key's text; of a request that is repeated with its Idempotency-Key the same, for it is told again."""
    return apikeys.make(await visit.chance("apikey", apikeys.SECRET_BYTES))


def _digest(text: str) -> str:
    return apikeys.read(text) or ""


FORMS: tuple[Form[Any], ...] = (
    Form("apikey.create", NewKey, RIGHTS[CreateKey], create, WithSecret),
    Form("apikey.reroll", NewSecret, RIGHTS[RerollKey], reroll, WithSecret),
)
