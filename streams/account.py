"""The forms of accounts: registering, proving an address, changing it and the profile, and passwords."""

from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, StringConstraints

from infra.auth import addresses, proofs
from infra.auth.passwords import LONGEST, require_good
from infra.auth.vault import Person
from schemas.account import (
    AskAddressChange,
    AskPasswordReset,
    ChangeProfile,
    ConfirmAddressChange,
    NoteVerified,
    OpenAccount,
    RehashPassword,
    ResetPassword,
    RoleName,
    SetPassword,
)
from schemas.address import ClaimAddress, ConfirmAddress, ReleaseAddress, RenewProof, VerifyAddress
from schemas.message import Actor, Command, JsonObject
from schemas.person import NOTHING, Changing, Opening, Proof
from schemas.problems import Problem
from schemas.rights import RIGHTS, Right
from streams.beyond import require_roles
from streams.first import is_first
from streams.forms import Answer, Form, OfAccount, Row, Sent, UntoldForm, Visit, now
from streams.proving import prove_password

HOUR_MS = 3600 * 1000
VERIFY_MS, RESET_MS, INVITE_MS = 24 * HOUR_MS, HOUR_MS, 7 * 24 * HOUR_MS
"""How long what is sent by mail proves something, in milliseconds."""

_LINE = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"

Address = Annotated[str, StringConstraints(max_length=addresses.LONGEST), Field(examples=["ada@example.org"])]
Password = Annotated[str, StringConstraints(max_length=LONGEST), Field(examples=["correct horse battery staple"])]
Token = Annotated[
    str, StringConstraints(max_length=500), Field(description="As the mail had it.", examples=["dG9rZW4"])
]
AccountField = Annotated[str, StringConstraints(max_length=200)]


class ProfileParts(Sent):
    """What people may know of a person; null takes a part away, what is left out stays as it is."""

    display_name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_LINE)] | None = Field(
        None, examples=["Ada Lovelace"]
    )
    locale: Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")] | None = (
        Field(None, description="A language tag (BCP 47).", examples=["en-GB"])
    )
    timezone: (
        Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$")] | None
    ) = Field(None, description="A name of the IANA time zone database.", examples=["Europe/London"])
    avatar: Annotated[str, StringConstraints(max_length=2000, pattern=r"^https://[^\s\x00-\x1f]+$")] | None = Field(
        None, description="The https address of a picture."
    )
    traits: JsonObject | None = Field(None, description="Anything else, as a JSON object of at most 8 KB.")


class Register(ProfileParts):
    address: Address
    password: Password


class Invite(ProfileParts):
    address: Address
    roles: Annotated[tuple[RoleName, ...], Field(max_length=20)] = ("member",)


class ShowToken(Sent):
    token: Token


class NameAddress(Sent):
    address: Address


class WantAddress(Sent):
    address: Address
    password: Password = Field(description="The account's own, to be sure.")


class NewPassword(Sent):
    current: Password
    password: Password


class TokenForPassword(Sent):
    token: Token
    password: Password


# ── beginning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def register(visit: Visit, sent: Register) -> Answer:
    require_good(sent.password, sent.address, sent.display_name or "")
    addresses.normal(sent.address)  # Who is first and mistypes the address is first again.
    account_id = visit.new_id("account")
    return await open_person(visit, sent, account_id, admin=await is_first(visit, account_id))


async def open_person(visit: Visit, sent: Register, account_id: str, *, admin: bool) -> Answer:
    """Open an account; an administrator's address needs no proof."""
    digest = await address_of(visit, sent.address)
    person = await visit.identity.vault.person(account_id)
    hashed = await visit.identity.passwords.hash(sent.password)
    opening = Opening(
        sealed_address=person.seal("address", addresses.normal(sent.address)),
        profile=_sealed(person, sent),
        roles=("admin",) if admin else ("member",),
        password=person.seal("password", hashed),
        proof=None if admin else await _proof(visit, person, "verify", digest, VERIFY_MS),
        verified=admin,
    )
    return await _open(visit, account_id, digest, opening, await visit.actor(account_id))


async def invite(visit: Visit, sent: Invite) -> Answer:
    require_roles(visit.terms.caller, sent.roles, visit.identity.known.roles)
    account_id, digest = visit.new_id("account"), await address_of(visit, sent.address)
    person = await visit.identity.vault.person(account_id)
    opening = Opening(
        sealed_address=person.seal("address", addresses.normal(sent.address)),
        profile=_sealed(person, sent),
        roles=sent.roles,
        proof=await _proof(visit, person, "reset", digest, INVITE_MS),
    )
    return await _open(visit, account_id, digest, opening, visit.terms.actor)


async def _open(visit: Visit, account_id: str, digest: str, opening: Opening, actor: Actor) -> Answer:
    """Hold the address, and do at once what a policy would do a moment later."""
    claimed = await visit.ask(ClaimAddress(address=digest, account_id=account_id, opening=opening), actor)
    opening_too = OpenAccount(account_id=account_id, address=digest, opening=opening)
    return Answer(await visit.follow(claimed, opening_too, actor), {"account_id": account_id})


# ── addresses ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def verify_address(visit: Visit, sent: ShowToken) -> Answer:
    token = _token(sent.token, "verify", "change_new")
    actor = await visit.actor(token.account_id)
    command = VerifyAddress(address=token.address, account_id=token.account_id, token=proofs.digest(sent.token))
    verified = await visit.ask(command, actor)
    noted = NoteVerified(account_id=token.account_id, address=token.address)
    return Answer(await visit.follow(verified, noted, actor), {"account_id": token.account_id})


async def renew_proof(visit: Visit, sent: NameAddress) -> None:
    """Send another token, if the address waits for one; whether it does is told to nobody."""
    row = await visit.identity.people.by_address(await address_of(visit, sent.address))
    person = await visit.identity.vault.known(row["account_id"]) if row is not None else None
    if row is None or person is None or row["verified"]:
        return
    # Who was invited proves the address by setting a password.
    if row["password"] is None:
        await visit.ask(await _reset(visit, row, person, INVITE_MS), await visit.actor(row["account_id"]))
        return
    proof = await _proof(visit, person, "verify", row["address"], VERIFY_MS)
    command = RenewProof(address=row["address"], account_id=row["account_id"], proof=proof)
    await visit.ask(command, await visit.actor(row["account_id"]))


async def change_address(visit: Visit, sent: WantAddress) -> Answer:
    row = await prove_password(visit, sent.password)
    account_id, digest = row["account_id"], await address_of(visit, sent.address)
    person = await visit.identity.vault.person(account_id)
    changing = Changing(
        sealed_address=person.seal("address", addresses.normal(sent.address)),
        new=await _proof(visit, person, "change_new", digest, VERIFY_MS),
        old=await _proof(visit, person, "change_old", row["address"], VERIFY_MS) if row["verified"] else None,
    )
    command = ClaimAddress(address=digest, account_id=account_id, changing=changing)
    claimed = await visit.ask(command, visit.terms.actor)
    asked = AskAddressChange(account_id=account_id, address=digest, changing=changing)
    if not claimed.facts:
        # The address is held and proved already: what it takes is that the old one agrees anew.
        return Answer(await visit.ask(asked, visit.terms.actor), {})
    try:
        return Answer(await visit.follow(claimed, asked, visit.terms.actor), {})
    except Problem:
        await visit.ask(ReleaseAddress(address=digest, account_id=account_id), visit.terms.actor)
        raise


async def confirm_address_change(visit: Visit, sent: ShowToken) -> Answer:
    token = _token(sent.token, "change_old")
    command = ConfirmAddressChange(account_id=token.account_id, token=proofs.digest(sent.token))
    return Answer(await visit.ask(command, await visit.actor(token.account_id)), {})


# ── profile and passwords ─────────────────────────────────────────────────────────────────────────────────────────────


async def change_profile(visit: Visit, sent: ProfileParts) -> Answer:
    account_id = visit.terms.actor.id
    profile = _sealed(await visit.identity.vault.person(account_id), sent)
    return Answer(await visit.ask(ChangeProfile(account_id=account_id, profile=profile), visit.terms.actor), {})


async def set_password(visit: Visit, sent: NewPassword) -> Answer:
    row = await prove_password(visit, sent.current)
    person = await visit.identity.vault.person(row["account_id"])
    require_good(sent.password, person.open("address", row["sealed_address"]))
    hashed = person.seal("password", await visit.identity.passwords.hash(sent.password))
    command = SetPassword(account_id=row["account_id"], password=hashed, generation=row["generation"])
    return Answer(await visit.ask(command, visit.terms.actor), {})


async def ask_password_reset(visit: Visit, sent: NameAddress) -> None:
    """Send a token, if there is such an account; whether there is is told to nobody."""
    row = await visit.identity.people.by_address(await address_of(visit, sent.address))
    person = await visit.identity.vault.known(row["account_id"]) if row is not None else None
    if row is not None and person is not None and row["status"] == "active":
        await visit.ask(await _reset(visit, row, person, RESET_MS), await visit.actor(row["account_id"]))


async def reset_password(visit: Visit, sent: TokenForPassword) -> Answer:
    token = _token(sent.token, "reset")
    person = await visit.identity.vault.known(token.account_id)
    if person is None:
        raise _wrong_token()
    require_good(sent.password)
    actor = await visit.actor(token.account_id)
    command = ResetPassword(
        account_id=token.account_id,
        token=proofs.digest(sent.token),
        password=person.seal("password", await visit.identity.passwords.hash(sent.password)),
    )
    outcome = await visit.ask(command, actor)
    confirmed = ConfirmAddress(address=token.address, account_id=token.account_id)
    verified = await visit.follow(outcome, confirmed, actor)
    noted = NoteVerified(account_id=token.account_id, address=token.address)
    await visit.follow(verified, noted, actor)
    return Answer(outcome, {"account_id": token.account_id})


async def rehash(visit: Visit, row: Row, hashed: str, actor: Actor) -> None:
    """Keep a password as today's parameters want it."""
    person = await visit.identity.vault.person(row["account_id"])
    command = RehashPassword(
        account_id=row["account_id"], password=person.seal("password", hashed), generation=row["generation"]
    )
    await visit.once().ask(command, actor)


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _reset(visit: Visit, row: Row, person: Person, lasts: int) -> Command:
    proof = await _proof(visit, person, "reset", row["address"], lasts)
    return AskPasswordReset(account_id=row["account_id"], proof=proof)


async def address_of(visit: Visit, address: str) -> str:
    """Give the digest under which an address is known. Raises Problem."""
    return addresses.digest(await visit.identity.vault.secret("address"), address)


async def _proof(visit: Visit, person: Person, purpose: proofs.Purpose, address: str, lasts: int) -> Proof:
    token = proofs.make(
        person.account_id, purpose, address, await visit.chance(f"proof {purpose}", proofs.RANDOM_BYTES)
    )
    return Proof(token=proofs.digest(token), sealed=person.seal("proof", token), until=now() + lasts)


def _sealed(person: Person, sent: ProfileParts) -> dict[str, str]:
    said = sent.model_dump(include=set(ProfileParts.model_fields), exclude_unset=True)
    return {name: _part(person, name, value) for name, value in said.items()}


def _part(person: Person, name: str, value: Any) -> str:
    if value is None:
        return NOTHING
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if name == "traits" else value
    if len(text.encode()) > LARGEST_PART:
        raise Problem("body_invalid", f"#/{name}: It takes more than {LARGEST_PART} bytes; make it smaller.")
    return person.seal(name, text)


LARGEST_PART = 8 * 1024


def _token(text: str, *purposes: Literal["verify", "reset", "change_old", "change_new"]) -> proofs.ProofToken:
    token = proofs.read(text)
    if token is None or token.purpose not in purposes:
        raise _wrong_token()
    return token


def _wrong_token() -> Problem:
    return Problem("token_wrong", "Give the token as the newest mail had it, or ask for another mail.")


FORMS: tuple[Form[Any], ...] = (
    Form("account.open", Register, RIGHTS[OpenAccount], register, OfAccount),
    Form("account.invite", Invite, Right("account:invite", form="form"), invite, OfAccount),
    Form("account.verify_address", ShowToken, Right(None, form="form"), verify_address, OfAccount),
    Form("account.change_address", WantAddress, Right("account:change_address", own=True, form="form"), change_address),
    Form("account.confirm_address_change", ShowToken, RIGHTS[ConfirmAddressChange], confirm_address_change),
    Form("account.change_profile", ProfileParts, RIGHTS[ChangeProfile], change_profile),
    Form("account.set_password", NewPassword, RIGHTS[SetPassword], set_password),
    Form("account.reset_password", TokenForPassword, RIGHTS[ResetPassword], reset_password, OfAccount),
)

UNTOLD: tuple[UntoldForm[Any], ...] = (
    UntoldForm("account.renew_proof", NameAddress, renew_proof),
    UntoldForm("account.ask_password_reset", NameAddress, ask_password_reset),
)
"""What they come to would tell who has an account."""
