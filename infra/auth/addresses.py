"""Mail addresses: one spelling of each, and a keyed digest of it that tells nobody what it is."""

import hashlib
import hmac
import unicodedata

from email_validator import EmailNotValidError, validate_email

from schemas.problems import Problem

LONGEST = 254
"""The most characters of an address (RFC 5321, as corrected)."""


def normal(address: str) -> str:
    """Give the one spelling of an address: in Unicode's NFC, with its domain decoded, all in lower case.

    Mail goes to this spelling: another one might be read by somebody else. `.test` and `.example` are domains like any
    other, and nobody's (RFC 6761). Raises Problem.
    """
    try:
        # What is far too long is not worth to be looked at.
        lower = unicodedata.normalize("NFC", _valid(address[: LONGEST + 1]).lower())
        return _valid(lower)
    except EmailNotValidError:
        raise Problem("address_invalid", "Give a mail address, such as name@example.com.") from None


def digest(secret: bytes, address: str) -> str:
    """Give the HMAC-SHA256 of an address, however it is spelt, in hexadecimal. Raises Problem."""
    return hmac.digest(secret, normal(address).encode(), hashlib.sha256).hex()


def _valid(address: str) -> str:
    # In a test environment .test is allowed, and DNS, which this never asks, is not asked.
    return validate_email(address, check_deliverability=False, test_environment=True).normalized
