"""What commands about people are made of, and such commands by chance: sealed text and digests say what they are of."""

import hashlib
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from schemas.account import (
    AskAddressChange,
    AskPasswordReset,
    ChangeProfile,
    CloseAccount,
    ConfirmAddressChange,
    EraseAccount,
    GiveRole,
    LoseAddress,
    NoteVerified,
    OpenAccount,
    OpenServiceAccount,
    RehashPassword,
    ReinstateAccount,
    ResetPassword,
    RevokeSessions,
    SetPassword,
    SuspendAccount,
    TakeRole,
)
from schemas.address import ClaimAddress, ConfirmAddress, ReleaseAddress, RenewProof, VerifyAddress
from schemas.apikey import CreateKey, NoteUse, RerollKey, RevokeKey
from schemas.audit import NoteReading
from schemas.character import LoadCharacter, RetireCharacter
from schemas.conversation import (
    Answer,
    AssembleContext,
    CallModel,
    Consent,
    Forget,
    HandBack,
    NoteConsent,
    NoteModel,
    OpenConversation,
    PostCommand,
    Propose,
    Ranked,
    Remembered,
    Reply,
    RequestHandover,
    Say,
    Summarise,
    TakeOver,
    Understand,
    Used,
)
from schemas.login import RecordFailure
from schemas.message import Command
from schemas.person import NOTHING, Changing, Opening, Proof
from schemas.projection import DropBuild, RollBackProjection, SkipFact, SwitchProjection
from schemas.role import DefineRole, RetireRole
from schemas.session import OpenSession, RefreshSession, RevokeSession
from schemas.totp import (
    RECOVERY_CODES,
    DisableTotp,
    EnableTotp,
    EnrolTotp,
    RenewRecoveryCodes,
    UseRecoveryCode,
    UseTotp,
)
from tests.commands.strategies import ACCOUNTS, Asked

HOUR = 3600 * 1000
SEALED = "sealed-"
"""How all begins here that stands for sealed text."""


def digest(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()


def sealed(text: str) -> str:
    return SEALED + text


def proof(of: str = "token", until: int = HOUR) -> Proof:
    return Proof(token=digest(of), sealed=sealed(of), until=until)


def opening(**others: Any) -> Opening:
    fields = {"sealed_address": sealed("home"), "profile": {"display_name": sealed("Alice")}}
    return Opening(**{**fields, "password": sealed("hash"), "proof": proof(), **others})


def changing(to: str = "work", *, new: Proof | None = None, old: Proof | None = None) -> Changing:
    return Changing(sealed_address=sealed(to), new=new or proof("new"), old=old)


def codes(of: str) -> tuple[str, ...]:
    return tuple(digest(f"{of} {n}") for n in range(RECOVERY_CODES))


Sequences = SearchStrategy[list[Asked]]

ADDRESSES = tuple(map(digest, ("home", "work")))
PROOFS = (proof("a", 6 * HOUR), proof("b", 40 * HOUR), proof("c", 80 * HOUR))
TOKENS = tuple(each.token for each in PROOFS)
OPENINGS = (
    *(opening(proof=each) for each in PROOFS),
    opening(password=None, proof=PROOFS[1], roles=("member", "member", "auditor")),
    opening(verified=True, proof=None),
)
CHANGINGS = (changing(new=PROOFS[0]), *(changing(new=new, old=old) for new in PROOFS[1:] for old in PROOFS[:2]))


def account_commands(account: str) -> tuple[Command, ...]:
    """Give some commands of every type about one account."""
    about = {"account_id": account}
    passwords = [{"password": sealed(text), "generation": n} for text in ("hash", "other") for n in range(4)]
    return (
        *(OpenAccount(**about, address=ADDRESSES[0], opening=each) for each in OPENINGS),
        OpenServiceAccount(**about, name="import", roles=("service", "service")),
        *(NoteVerified(**about, address=address) for address in ADDRESSES),
        *(LoseAddress(**about, address=address) for address in ADDRESSES),
        *(AskAddressChange(**about, address=address, changing=each) for address in ADDRESSES for each in CHANGINGS),
        *(ConfirmAddressChange(**about, token=token) for token in TOKENS),
        *(ChangeProfile(**about, profile={"locale": text}) for text in (sealed("en"), sealed("fr"), NOTHING)),
        *(SetPassword(**about, **each) for each in passwords),
        *(RehashPassword(**about, **each) for each in passwords),
        *(AskPasswordReset(**about, proof=each) for each in PROOFS),
        *(ResetPassword(**about, token=token, password=sealed("new")) for token in TOKENS),
        RevokeSessions(**about),
        SuspendAccount(**about),
        ReinstateAccount(**about),
        CloseAccount(**about),
        EraseAccount(**about),
        *(GiveRole(**about, role=role) for role in ("auditor", "clerk")),
        *(TakeRole(**about, role=role) for role in ("auditor", "clerk")),
    )


def address_commands(address: str, account: str) -> tuple[Command, ...]:
    """Give some commands of every type about one address, for one account."""
    about = {"address": address, "account_id": account}
    return (
        *(ClaimAddress(**about, opening=each) for each in OPENINGS),
        *(ClaimAddress(**about, changing=each) for each in CHANGINGS[:2]),
        ClaimAddress(**about),
        *(VerifyAddress(**about, token=token) for token in TOKENS),
        ConfirmAddress(**about),
        *(RenewProof(**about, proof=each) for each in PROOFS),
        ReleaseAddress(**about),
    )


def totp_commands(account: str) -> tuple[Command, ...]:
    """Give some commands of every type about one second factor."""
    about = {"account_id": account}
    secrets = (sealed("one"), sealed("two"))
    return (
        *(EnrolTotp(**about, secret=secret) for secret in secrets),
        *(EnableTotp(**about, secret=secret, step=step, codes=codes("a")) for secret in secrets for step in (1, 2)),
        *(UseTotp(**about, secret=secret, step=step) for secret in secrets for step in (1, 2, 3, 4)),
        *(UseRecoveryCode(**about, code=digest(f"{of} {n}")) for of in "ab" for n in (0, 9)),
        *(RenewRecoveryCodes(**about, codes=codes(of)) for of in "ab"),
        DisableTotp(**about),
    )


def session_commands(session: str) -> tuple[Command, ...]:
    """Give some commands of every type about one session, with a chain of tokens and one that is none of it."""
    tokens = tuple(digest(f"token {n}") for n in range(5))
    about = {"session_id": session}
    begun = {"account_id": "alice", "methods": ("password",), "refresh": tokens[0]}
    return (
        *(OpenSession(**about, **begun, generation=n) for n in (0, 1)),
        *(RefreshSession(**about, shown=tokens[n], following=tokens[n + 1]) for n in range(4)),
        RefreshSession(**about, shown=digest("stranger"), following=tokens[1]),
        RevokeSession(**about),
    )


def apikey_commands(key: str) -> tuple[Command, ...]:
    """Give some commands of every type about one API key."""
    about = {"key_id": key, "start": "abcd"}
    made = {"account_id": "alice", "name": "import", "secret": digest("first")}
    return (
        *(CreateKey(**about, **made, scopes=("kind:read", "*"), expires=until) for until in (None, 24 * HOUR)),
        *(RerollKey(**about, secret=digest(secret), overlap=HOUR) for secret in ("first", "second")),
        *(NoteUse(key_id=key, used=used) for used in (HOUR, HOUR + 1, 2 * HOUR)),
        RevokeKey(key_id=key),
    )


LOGINS = tuple(
    RecordFailure(tried=tried, attempt=f"0192f0c1-2d3e-4000-8000-{n:012}", why="password")
    for tried in ("alice", "bob")
    for n in range(4)
)
ROLES = (
    *(DefineRole(role=role, permissions=("kind:read", "role:read")) for role in ("clerk", "admin")),
    *(DefineRole(role="clerk", permissions=permissions) for permissions in (("role:read", "kind:read"), ("*",), ())),
    *(RetireRole(role=role) for role in ("clerk", "admin")),
)
REPAIRS = tuple(
    command
    for build in ("first", "second")
    for command in (
        SwitchProjection(projection="resource", build=build, operator="ada"),
        RollBackProjection(projection="resource", build=build, operator="ada"),
        DropBuild(projection="resource", build=build, operator="ada"),
        SkipFact(projection="resource", position=f"resource:0:{len(build)}", operator="ada", reason="it is broken"),
    )
)

CHARACTERS = (
    *(LoadCharacter(character_id="ada", document={"name": "Ada", "bio": bio}) for bio in ("One.", ["One."])),
    LoadCharacter(character_id="ada", document={"name": "Ada"}, files={"a.md": "A"}),
    LoadCharacter(character_id="ada", document={"name": ""}),
    RetireCharacter(character_id="ada"),
)


def conversation_commands() -> list[Command]:
    """Give commands about the first two turns of one conversation."""
    digest, more = "ab" * 32, {"conversation_id": "talk", "turn": 1}
    consent = Consent(proposal_id="p", digest=digest, approved=True)
    change = {"action": "resource.trash", "about": "invoice-7", "body": SEALED, "digest": digest}
    said = [
        Say(conversation_id="talk", message_id=f"m{n}", text=SEALED, consent=given)
        for n, given in enumerate((None, None, consent, consent.model_copy(update={"approved": False})))
    ]
    recorded: list[Command] = [
        Understand(
            **more, ranking=(Ranked(intent="talk.help", score=0.9),), intent="talk.help", tier="lexical", model="m"
        ),
        *(
            AssembleContext(**more, used=(Used(kind="row", id="r", digest=digest, foreign=new),))
            for new in (True, False)
        ),
        CallModel(**more, call=1, model="m", request=digest),
        NoteModel(**more, call=1, answer=SEALED),
        Propose(**more, proposal_id="p", **change),
        NoteConsent(**more, consent=consent),
        PostCommand(**more, command_id="c", **change),
        PostCommand(**more, command_id="d", proposal_id="p", **change),
        Reply(**more, text=SEALED, dialogue=None, remembered=(Remembered(memory_id="memory", text=SEALED),)),
        Summarise(conversation_id="talk", first=1, last=1, text=SEALED),
    ]
    return [
        OpenConversation(conversation_id="talk"),
        *said,
        Forget(conversation_id="talk", memory_id="memory"),
        RequestHandover(conversation_id="talk"),
        TakeOver(conversation_id="talk"),
        HandBack(conversation_id="talk"),
        Answer(conversation_id="talk", message_id="a", text=SEALED),
        *recorded,
        *(each.model_copy(update={"turn": 2}) for each in recorded if hasattr(each, "turn")),
    ]


def by_chance(commands: Sequence[Command], actors: Sequence[str], begin: type[Command] | None = None) -> Sequences:
    """Give sequences in which each type of command is asked as often; the first of all is one that begins."""
    of = {command.type: [each for each in commands if each.type == command.type] for command in commands}
    asked = st.tuples(st.sampled_from(actors), st.one_of([st.sampled_from(of[type_]) for type_ in sorted(of)]))
    rest = st.lists(asked, min_size=8, max_size=24)
    if begin is None:
        return rest
    return st.tuples(st.sampled_from(of[begin.type]), rest).map(lambda both: [(actors[0], both[0]), *both[1]])


READINGS = [
    NoteReading(account_id="alice", reading=f"0192f0c1-2d3e-4000-8000-00000000000{n}", path="/v1/audit", asked={"n": n})
    for n in range(3)
]

MOSTLY_ALICE = ("alice",) * 4 + ACCOUNTS
PEOPLE: dict[str, Sequences] = {
    "account": by_chance(account_commands("alice"), MOSTLY_ALICE, OpenAccount),
    "address": by_chance([each for of in ACCOUNTS for each in address_commands(ADDRESSES[0], of)], ("door",)),
    "totp": by_chance(totp_commands("alice"), MOSTLY_ALICE, EnrolTotp),
    "session": by_chance(session_commands("session"), MOSTLY_ALICE, OpenSession),
    "apikey": by_chance(apikey_commands("key"), MOSTLY_ALICE, CreateKey),
    "login": by_chance(LOGINS, ("door",)),
    "role": by_chance(ROLES, ACCOUNTS),
    "conversation": by_chance(conversation_commands(), MOSTLY_ALICE, OpenConversation),
    "character": by_chance(CHARACTERS, MOSTLY_ALICE),
    "projection": by_chance(REPAIRS, ("machine",)),
    "audit": by_chance(READINGS, ("doors",)),
}
"""Sequences of commands about people, by domain; most go on from what was begun, and some never begin."""
