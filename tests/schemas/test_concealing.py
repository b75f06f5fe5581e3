"""What is secret in a character's document is found, and nothing else is."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.concealing import MARK, concealed, references, revealed

names = st.text(max_size=8) | st.sampled_from(["secrets", "settings", "plugins", "apiKey", "bio", "token"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
)
objects = st.dictionaries(names, values, max_size=6)


def counted() -> Any:
    numbers = iter(range(10**6))
    return lambda _: str(next(numbers))


def secrets_of(document: dict[str, Any]) -> list[Any]:
    return [orjson.loads(text) for text in concealed(document, counted())[1].values()]


@given(objects)
def test_with_its_secrets_a_document_is_as_it_was(document: dict[str, Any]) -> None:
    kept, secrets = concealed(document, counted())
    assert revealed(kept, secrets) == document
    assert {reference for _, reference in references(kept)} == secrets.keys()
    assert concealed(kept, counted()) == (kept, {})


@pytest.mark.parametrize(
    "document",
    [
        {"secrets": {"ANY": "x-1"}},
        {"secrets": {"deep": {"list": ["x-1"]}}},
        {"settings": {"secrets": {"ANY": "x-1"}}},
        {"plugins": [{"name": "p", "config": {"apiKey": "x-1"}}]},
        {"plugins": [{"secrets": {"ANY": "x-1"}}]},
        {"settings": {"OPENAI_API_KEY": "x-1"}},
        {"settings": {"nested": {"private-key": "x-1"}}},
        {"clientConfig": {"telegram": {"botToken": "x-1"}}},
        {"unknown": {"password": "x-1"}},
        {"TWITTER_PASSWORD": "x-1"},
    ],
)
def test_what_is_called_secret_is(document: dict[str, Any]) -> None:
    assert secrets_of(document) == ["x-1"]


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-0123456789abcdefghij",
        "xoxb-1234567890-abcdefghij",
        "ghp_" + "a1" * 18,
        "AKIA" + "ABCDEFGH12345678",
        "123456789:" + "Aa_-" * 9,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "0x" + "ab" * 32,
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
        "postgres://me:hush@db.example/x",
    ],
)
def test_what_is_a_key_by_its_form_is_secret_wherever_it_stands(key: str) -> None:
    assert secrets_of({"bio": [key], "plugins": [{"options": {"x": key}}], "extra": key}) == [key] * 3
    assert secrets_of({"bio": [f"Say {key} never."]}) == []


@pytest.mark.parametrize(
    "document",
    [
        {"settings": {"modelConfig": {"maxInputTokens": 4096, "temperature": 0.5}, "model": "small"}},
        {"bio": ["I keep a secret."], "templates": {"token": "t"}, "messageExamples": [[{"content": {"token": "t"}}]]},
        {"secrets": {"EMPTY": "", "ON": True, "NONE": None}},
        {"settings": {"apiKey": ""}, "twitterProfile": {"screenName": "x"}},
        {"settings": {"url": "https://example.org/a:b@c"}},
    ],
)
def test_all_else_is_not(document: dict[str, Any]) -> None:
    assert concealed(document, counted()) == (document, {})


def test_a_reference_stays_a_reference() -> None:
    document = {"secrets": {"KEY": f"{MARK}ab"}, "settings": {"token": f"{MARK}cd"}}
    assert concealed(document, counted()) == (document, {})
    assert list(references(document)) == [("/secrets/KEY", f"{MARK}ab"), ("/settings/token", f"{MARK}cd")]


def test_a_secret_that_is_not_known_stays_concealed() -> None:
    assert revealed({"secrets": {"KEY": f"{MARK}ab"}}, {}) == {"secrets": {"KEY": f"{MARK}ab"}}
