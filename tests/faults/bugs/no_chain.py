"""Rule 3 is left out: whoever reads a journal takes every record in it."""

from schemas.journal import Chain, link


def take(chain: Chain, _: bytes | None, key: bytes, value: bytes) -> bool:
    chain.head = link(chain.head, key, value)
    return True


PATCHES = ((Chain, "take", take),)
