"""How often callers may ask: generous where work is cheap, tight where secrets could be guessed or mail is sent."""

from functools import lru_cache
from typing import Final, NamedTuple

from infra.auth import TOKEN_PATH
from schemas.rights import RIGHTS


class Policy(NamedTuple):
    """`per_minute` tokens come into a bucket, which holds at most `burst`."""

    name: str
    per_minute: int
    burst: int

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.per_minute / 60

    @property
    def loan(self) -> int:
        """Tokens that a process borrows at once."""
        return max(1, self.burst // 10)


ACCOUNT: Final = Policy("account", 6000, 2000)
ADDRESS: Final = Policy("address", 6000, 2000)

CODES: Final = Policy("codes", 1, 10)
"""Codes of one account, from anywhere. Only who has its password is asked for one: no stranger can use this up."""

LISTEN: Final = Policy("listen", 120, 60)
"""Listeners of one account that begin: each looks up what it missed."""

LISTENED = "/v1/facts"

_SIGN_IN: Final = Policy("sign-in", 10, 10)

TIGHT: Final = {
    "/v1/sessions": _SIGN_IN,
    TOKEN_PATH: _SIGN_IN,
    **{
        f"/v1/commands/{command.type}": Policy(command.type, 10, 10)
        for command, right in RIGHTS.items()
        if right.permission is None
    },
}
"""What may be POSTed without credentials, from one address."""


@lru_cache(maxsize=10_000)
def of_key(per_minute: int) -> Policy:
    """Give the policy of an API key that has a limit of its own; its bucket holds a minute of it."""
    return Policy("key", per_minute, per_minute)
