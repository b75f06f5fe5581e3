"""What stands on topics for what is personal or secret: sealed text, and digests. Neither tells anything without keys.

A person's own key seals their text, and is kept outside Kafka: without it nothing that was sealed is ever read again
(design §8). Digests are of what nobody can guess, or are made with a key of the doors' own.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.message import Message, Subject, Time

Sealed = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20_000, pattern=r"^[A-Za-z0-9_-]+$"),
    Field(
        description="Text sealed with the person's own key, in base64url; the same text of one field is sealed alike."
    ),
]

Digest = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(description="A SHA-256, alone or keyed, in hexadecimal."),
]

AccountId = Annotated[
    Subject,
    Field(
        description="The account: a random UUID that says nothing of the person.",
        examples=["0192f0c1-2d3e-7000-8000-000000000001"],
    ),
]

Profile = Annotated[
    dict[str, Sealed],
    Field(
        max_length=20,
        description="Sealed parts of the profile by name: display_name, locale, timezone, avatar, traits; in a change "
        "`-` takes a part away.",
    ),
]
NOTHING = "-"
"""Stands in a change of a profile for a part that is taken away; no sealed text is so short."""


class Proof(Message):
    """What proves that somebody reads an address: the digest of a token that was sent there, and the token, sealed.

    Whoever sends the mail opens the token; whoever decides compares digests. `until` is when it stops to prove.
    """

    token: Digest
    sealed: Sealed
    until: Time


class Opening(Message):
    """All that an account begins with. An account without `password` was invited, and sets one with its proof.

    `roles` are given with it. `verified` says that the address needs no proof, as for who runs this service.
    """

    sealed_address: Sealed
    profile: Profile
    roles: tuple[str, ...] = ("member",)
    password: Sealed | None = None
    proof: Proof | None = None
    verified: bool = False


class Changing(Message):
    """A change of address: the new one, and what proves that somebody reads the new and agrees at the old."""

    sealed_address: Sealed
    new: Proof
    old: Proof | None = None
