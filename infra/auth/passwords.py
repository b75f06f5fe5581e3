"""Passwords: hashed with argon2id in a few threads, checked in equal time, and refused when they are easily guessed.

The parameters are pwdlib's, which are the second recommended option of RFC 9106 (64 MiB, 3 passes, 4 lanes): more than
three times the memory of the least that OWASP advises (19 MiB, 2 passes), and two at once fit the smallest machine.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import BoundedSemaphore
from typing import NamedTuple, TypeVar

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from zxcvbn import zxcvbn  # type: ignore[import-untyped]
from zxcvbn.matching import L33T_TABLE  # type: ignore[import-untyped]

from schemas.problems import Problem

SHORTEST, LONGEST = 8, 256
"""How many characters a password has."""

GUESSABLE = 2
"""The least score of zxcvbn that is enough: a million guesses."""

WORKERS, WAITING = 2, 32
MOST_MEMORY, MOST_PASSES, MOST_LANES = 128 * 1024, 8, 16
"""What a hash from elsewhere may ask for, memory in KiB; what asks for more is not computed."""

_WORD = 4
"""The least letters of a name that a password must not hold."""

_SIGNS = frozenset(sign for signs in L33T_TABLE.values() for sign in signs)
_MOST_SIGNS = 6
_READ, _READ_OF_SIGNS = 48, 16

Result = TypeVar("Result")


class Verified(NamedTuple):
    """Whether the password is right; if so, and its hash is not of today's parameters, one that is."""

    right: bool
    rehashed: str | None = None


class Passwords:
    """Hashes and verifies passwords, two at once. Raises Problem when too many wait."""

    def __init__(self) -> None:
        self._hash = PasswordHash.recommended()
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="passwords")
        self._room = BoundedSemaphore(WORKERS + WAITING)
        self._nobodys = self._hash.hash(secrets.token_hex())

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        return await self._run(partial(self._hash.hash, _normal(password)))

    async def verify(self, password: str, hashed: str | None) -> Verified:
        """Say whether a password is the one that was hashed.

        Without a hash, or with one that asks for too much work, it is wrong, and that takes as long to say.
        """
        known = hashed if hashed is not None and len(password) <= LONGEST and _bearable(hashed) else None
        right, rehashed = await self._run(
            partial(self._hash.verify_and_update, _normal(password[:LONGEST]), known or self._nobodys)
        )
        return Verified(True, rehashed) if known is not None and right else Verified(right=False)

    async def _run(self, work: Callable[[], Result]) -> Result:
        if not self._room.acquire(blocking=False):
            raise Problem("too_busy", "Too many sign in at this moment; ask again.", headers={"Retry-After": "1"})
        working = self._threads.submit(work)
        # Whoever asked may be gone before it is done: the work makes room, not the waiting for it.
        working.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(working)


def require_good(password: str, *personal: str) -> None:
    """Raise Problem unless a password is hard to guess, also for who knows what is personal: address and name."""
    chosen = _normal(password)
    if not SHORTEST <= len(chosen) <= LONGEST:
        raise _weak(f"Choose a password of {SHORTEST} to {LONGEST} characters; a few random words are good.")
    names = [name.partition("@")[0].strip().casefold() for name in map(_normal, personal)]
    if any(_letters(name) >= _WORD and name in chosen.casefold() for name in names):
        raise _weak("Choose a password that does not hold your name or address.")
    words = [word for name in (*personal, *names) for word in (name, *name.replace(".", " ").split())]
    if zxcvbn(_telling(chosen), words)["score"] < GUESSABLE:
        raise _weak("Choose a password that is harder to guess; a few random words are good.")


def _weak(told: str) -> Problem:
    return Problem("password_weak", told)


def _telling(password: str) -> str:
    """Give as much of a password as zxcvbn reads in little time: what begins well does not get worse.

    It looks at every part in every way in which signs may stand for letters. Those are so many of a long password with
    many signs that it takes seconds, in which this process would do nothing else.
    """
    return password[: _READ_OF_SIGNS if len(_SIGNS.intersection(password)) > _MOST_SIGNS else _READ]


def _letters(name: str) -> int:
    return sum(map(str.isalpha, name))


def _normal(password: str) -> str:
    """Give the password as any keyboard writes it: in Unicode's NFKC (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


def _bearable(hashed: str) -> bool:
    try:
        asked = extract_parameters(hashed)
    except InvalidHashError:
        return False
    within = asked.memory_cost <= MOST_MEMORY and asked.time_cost <= MOST_PASSES and asked.parallelism <= MOST_LANES
    return within and Argon2Hasher.identify(hashed)
