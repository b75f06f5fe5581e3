"""API keys as they are shown: 20 secret bytes in base58 after `annal_`, then a checksum that tells typing errors.

The prefix is there for those who look for secrets where none should be; the checksum spares doors a search for what
nobody made.
"""

import hashlib
import re
import zlib

PREFIX = "annal_"

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
SECRET_BYTES = 20
_SECRET_DIGITS, _CHECK_DIGITS = 28, 6
_KEY = re.compile(f"{PREFIX}([{_ALPHABET}]{{{_SECRET_DIGITS}}})[{_ALPHABET}]{{{_CHECK_DIGITS}}}")


def make(secret: bytes) -> str:
    """Write 20 secret bytes as a key; the checksum is a CRC-32 of them."""
    number = int.from_bytes(secret, "big")
    return PREFIX + _base58(number, _SECRET_DIGITS) + _base58(zlib.crc32(secret), _CHECK_DIGITS)


def read(text: str) -> str | None:
    """Give the SHA-256 of a key, in hexadecimal; None for what `make` does not write."""
    written = _KEY.fullmatch(text)
    if written is None:
        return None
    number = _number(written[1])
    # 28 digits reach beyond 20 bytes, and nobody made what is there.
    if number.bit_length() > 8 * SECRET_BYTES or make(number.to_bytes(SECRET_BYTES, "big")) != text:
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def start(text: str) -> str:
    """Give the four characters by which people know a key again."""
    return text[len(PREFIX) :][:4]


def _base58(number: int, digits: int) -> str:
    written = ""
    for _ in range(digits):
        number, digit = divmod(number, len(_ALPHABET))
        written = _ALPHABET[digit] + written
    return written


def _number(written: str) -> int:
    number = 0
    for digit in written:
        number = number * len(_ALPHABET) + _ALPHABET.index(digit)
    return number
