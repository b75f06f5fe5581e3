"""An address has one spelling, and a digest that only the doors can make."""

import re

import pytest

from infra.auth import addresses
from schemas.problems import Problem

SECRET = bytes(range(32))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada.Lovelace@Example.ORG", "ada.lovelace@example.org"),
        ("ada+annal@example.org", "ada+annal@example.org"),
        ("ada@annal.test", "ada@annal.test"),
        ("ada@mail.example", "ada@mail.example"),
        ("ada@b\u00fccher.example", "ada@b\u00fccher.example"),
        ("ada@xn--bcher-kva.example", "ada@b\u00fccher.example"),
        ("ada@bu\u0308cher.example", "ada@b\u00fccher.example"),
        ("Zoe\u0308@example.org", "zo\u00eb@example.org"),
    ],
)
def test_each_address_has_one_spelling(sent: str, kept: str) -> None:
    assert addresses.normal(sent) == kept
    assert addresses.normal(kept) == kept
    assert addresses.digest(SECRET, sent) == addresses.digest(SECRET, kept)


@pytest.mark.parametrize("sent", ["\u212aate@example.org", "\uff41da@example.org", "ad\u0131@example.org"])
def test_an_address_that_only_looks_like_another_never_stays_as_it_was_beside_it(sent: str) -> None:
    """Whatever is folded into another address is sent to as that one; what is not has a digest of its own."""
    kept = addresses.normal(sent)
    assert addresses.normal(kept) == kept
    assert kept.isascii() == (addresses.digest(SECRET, sent) == addresses.digest(SECRET, "kate@example.org"))


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@localhost",
        "ada@example",
        "ada@[127.0.0.1]",
        "ada@.example.org",
        "a da@example.org",
        '"a da"@example.org',
        "Ada <ada@example.org>",
        "ada@example.org\n",
        "ada@example.org\r\nBcc: all@example.org",
        "ada@example.org,bob@example.org",
        "ada\u200b@example.org",
        "ada\x00@example.org",
        f"ada@{'a.' * 125}org",
        "ada@" + "a" * 100_000,
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(sent: str) -> None:
    with pytest.raises(Problem) as refused:
        addresses.normal(sent)
    assert (refused.value.code, refused.value.status) == ("address_invalid", 422)
    assert refused.value.detail == "Give a mail address, such as name@example.com."


def test_the_digest_is_keyed() -> None:
    digest = addresses.digest(SECRET, "ada@example.org")
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
    assert addresses.digest(bytes(32), "ada@example.org") != digest
    assert addresses.digest(SECRET, "bob@example.org") != digest
