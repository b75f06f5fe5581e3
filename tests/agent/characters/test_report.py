"""A report says what is used of a character, what is only kept, and where secrets were."""

from typing import Any

import pytest

from agent.characters.reading import load
from agent.characters.report import report
from tests.agent.characters.documents import D0, D1, D2, DIALECTS, MIXED


def test_what_is_read_is_counted() -> None:
    (told,) = report(load(D0))
    assert told == (
        "Baker is read with 2 lines of bio, 1 line of lore, 2 adjectives, 2 topics, 3 rules of style, "
        "1 example of a conversation, 1 example of a post, 1 text of knowledge."
    )


def test_what_is_elizas_own_is_kept_and_not_used() -> None:
    told = report(load(D1))
    assert "`clients` (discord, telegram) is ElizaOS's own: it is kept and not used." in told
    assert "`modelProvider` (anthropic) is ElizaOS's own: it is kept and not used." in told
    assert "Plugins are ElizaOS's own code, and none of it runs here: @elizaos/plugin-node, ledger." in told


def test_what_nobody_knows_is_kept_and_not_used() -> None:
    assert "`description` is not known: it is kept and not used." in report(load(MIXED))


def test_what_is_of_another_shape_is_kept_and_not_used() -> None:
    (name,) = report(load({"name": "Odd"}))
    assert name == "Odd is read with nothing but a name."
    for field in ("bio", "style", "messageExamples", "settings", "topics", "knowledge", "plugins"):
        told = report(load({"name": "Odd", field: 7}))
        assert f"`{field}` is not written as any version of ElizaOS does: it is kept and not used." in told


def test_files_that_are_not_at_hand_are_told() -> None:
    told = report(load(D2), {})
    assert "There is no text at beans.md: nothing is known of it." in told
    assert "There is no text at plants: nothing is known of it." in told


@pytest.mark.parametrize("document", DIALECTS.values(), ids=DIALECTS)
def test_no_sentence_tells_a_secret(document: dict[str, Any]) -> None:
    character = load(document)
    told = " ".join(report(character))
    assert not [secret for secret in character.secrets.values() if secret.strip('"') in told]


def test_where_secrets_were_is_told() -> None:
    assert report(load(D1))[-1] == (
        "Kept apart, as secrets: /clientConfig/telegram/botToken, /plugins/1/config/apiKey, "
        "/settings/secrets/DISCORD_TOKEN, /settings/secrets/PORT."
    )
