"""What may be done with an API key."""

from typing import Any

import pytest

from schemas.apikey import (
    USE_NOTED_EVERY_MS,
    CreateKey,
    KeyCreated,
    KeyRerolled,
    KeyRevoked,
    KeyUsed,
    NoteUse,
    RerollKey,
    RevokeKey,
)
from tests.given import given

NOW = 1_800_000_000_000
HOUR = 3_600_000
OLD, NEW = "a" * 64, "b" * 64

created = KeyCreated(
    account_id="import", maker="alice", secret=OLD, start="1abc", name="nightly", scopes=("kind:read", "resource:*")
)
expiring = created.model_copy(update={"expires": NOW + 1})
rerolled = KeyRerolled(secret=NEW, start="1xyz", before=OLD, before_until=NOW + HOUR)
revoked = KeyRevoked()

reroll = RerollKey(key_id="key", secret=NEW, start="1xyz", overlap=HOUR)
revoke = RevokeKey(key_id="key")


def create(**otherwise: Any) -> CreateKey:
    fields = {"account_id": "import", "secret": OLD, "start": "1abc", "name": "nightly"}
    scopes = ("resource:*", "kind:read")
    return CreateKey(key_id="key", **{**fields, "scopes": scopes, **otherwise})


def note(used: int) -> NoteUse:
    return NoteUse(key_id="key", used=used)


# ── create ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_creates_a_key_made_it_for_its_account() -> None:
    given().when(create()).then(created)


def test_a_key_has_limits() -> None:
    limited = created.model_copy(update={"expires": NOW + 1, "per_minute": 60})
    given().when(create(expires=NOW + 1, per_minute=60), at=NOW).then(limited)


@pytest.mark.parametrize("expires", [0, NOW - 1, NOW])
def test_a_key_that_would_not_work_is_not_created(expires: int) -> None:
    given().when(create(expires=expires), at=NOW).refused("apikey_expired")


def test_the_same_key_is_created_once() -> None:
    given(created).when(create()).quiet()
    given(created, KeyUsed(used=NOW)).when(create(scopes=("kind:read", "resource:*"))).quiet()


def test_the_same_key_asked_again_after_it_expired_adds_nothing() -> None:
    given(expiring).when(create(expires=NOW + 1), at=NOW + HOUR).quiet()


@pytest.mark.parametrize(
    "otherwise",
    [
        {"account_id": "alice"},
        {"secret": NEW},
        {"start": "1xyz"},
        {"name": "daily"},
        {"scopes": ("resource:*",)},
        {"expires": NOW + 1},
        {"per_minute": 60},
    ],
)
def test_an_id_is_one_key(otherwise: dict[str, Any]) -> None:
    given(created).when(create(**otherwise)).refused("apikey_exists")


def test_an_id_is_of_one_maker() -> None:
    given(created).when(create(), by="bob").refused("apikey_exists")


@pytest.mark.parametrize("since", [rerolled, revoked])
def test_a_key_is_not_created_as_it_was(since: KeyRerolled | KeyRevoked) -> None:
    given(created, since).when(create()).refused("apikey_exists")


# ── reroll ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("who", ["alice", "import"])
def test_its_maker_and_its_account_reroll_a_key(who: str) -> None:
    given(created).when(reroll, by=who, at=NOW).then(rerolled)


def test_without_overlap_the_secret_before_works_no_more() -> None:
    now = rerolled.model_copy(update={"before_until": NOW})
    given(created).when(reroll.model_copy(update={"overlap": 0}), at=NOW).then(now)


def test_only_the_last_secret_before_works_for_a_while() -> None:
    third = KeyRerolled(secret="c" * 64, start="1ccc", before=NEW, before_until=NOW + HOUR)
    command = RerollKey(key_id="key", secret="c" * 64, start="1ccc", overlap=HOUR)
    given(created, rerolled).when(command, at=NOW).then(third)


def test_the_same_secret_adds_nothing() -> None:
    given(created, rerolled).when(reroll, at=NOW + HOUR).quiet()


def test_a_revoked_key_is_not_rerolled() -> None:
    given(created, revoked).when(reroll).refused("apikey_revoked")
    given(created, rerolled, revoked).when(reroll).refused("apikey_revoked")


def test_a_key_that_expired_is_not_rerolled() -> None:
    given(expiring).when(reroll, at=NOW).then(rerolled)
    given(expiring).when(reroll, at=NOW + 1).refused("apikey_expired")


# ── revoke ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("who", ["alice", "import"])
def test_its_maker_and_its_account_revoke_a_key(who: str) -> None:
    given(created).when(revoke, by=who).then(revoked)


def test_a_key_is_revoked_once() -> None:
    given(created, revoked).when(revoke).quiet()


def test_a_key_that_expired_may_be_revoked() -> None:
    given(expiring).when(revoke, at=NOW + HOUR).then(revoked)


@pytest.mark.parametrize("command", [reroll, revoke])
def test_to_others_a_key_is_not_there(command: RerollKey | RevokeKey) -> None:
    given().when(command).refused("apikey_unknown")
    given(created).when(command, by="bob").refused("apikey_unknown")
    given(created, revoked).when(command, by="bob").refused("apikey_unknown")


# ── use ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_use_is_noted_whoever_asks() -> None:
    given(created).when(note(NOW), by="import").then(KeyUsed(used=NOW))
    given(created).when(note(NOW), by="doors").then(KeyUsed(used=NOW))


def test_uses_are_noted_once_a_minute() -> None:
    used = KeyUsed(used=NOW)
    given(created, used).when(note(NOW + USE_NOTED_EVERY_MS - 1)).quiet()
    given(created, used).when(note(NOW + USE_NOTED_EVERY_MS)).then(KeyUsed(used=NOW + USE_NOTED_EVERY_MS))


def test_an_earlier_use_is_known_already() -> None:
    given(created, KeyUsed(used=NOW)).when(note(NOW - HOUR)).quiet()


def test_the_use_of_a_key_that_is_revoked_meanwhile_is_not_noted() -> None:
    given(created, revoked).when(note(NOW)).quiet()


def test_there_is_no_use_of_a_key_that_nobody_created() -> None:
    given().when(note(NOW)).refused("apikey_unknown")
