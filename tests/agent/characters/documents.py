"""Characters in the shapes of every version of ElizaOS, of our own writing; and such documents by chance."""

from typing import Any

from hypothesis import strategies as st

D0: dict[str, Any] = {
    "name": "Baker",
    "bio": ["Bakes since four in the morning.", "Knows every loaf by its crust."],
    "lore": ["Once sold out before sunrise."],
    "messageExamples": [
        [
            {"user": "{{user1}}", "content": {"text": "Is there rye left?"}},
            {"user": "Baker", "content": {"text": "Two loaves, {{user1}}.", "action": "CONTINUE"}},
        ]
    ],
    "postExamples": ["Rye is out of the oven."],
    "adjectives": ["warm", "brisk"],
    "topics": ["bread", "mornings"],
    "knowledge": [{"id": "b1", "path": "/home/baker/prices.txt", "content": "A loaf is 3 euros."}],
    "style": {"all": ["Short."], "chat": ["Greet first."], "post": ["No emoji."]},
}
"""The characterfile of before ElizaOS had versions."""

D1: dict[str, Any] = {
    "name": "Clerk",
    "username": "clerk",
    "email": "clerk@example.org",
    "clients": ["discord", "telegram"],
    "modelProvider": "anthropic",
    "imageModelProvider": "openai",
    "modelEndpointOverride": "http://127.0.0.1:9",
    "plugins": ["@elizaos/plugin-node", {"name": "ledger", "description": "Books", "config": {"apiKey": "k-1"}}],
    "settings": {"secrets": {"DISCORD_TOKEN": "d-1", "EMPTY": "", "PORT": 3000}, "voice": {"model": "en_US"}},
    "system": "Answer like a clerk.",
    "bio": "Keeps the books.",
    "lore": ["Never lost a receipt."],
    "messageExamples": [[{"user": "{{user1}}", "content": {"text": "Who owes?"}}]],
    "postExamples": [],
    "adjectives": [],
    "topics": [],
    "knowledge": ["Rossi pays late.", "prices.md"],
    "style": {"all": [], "chat": [], "post": []},
    "clientConfig": {"telegram": {"shouldIgnoreBotMessages": True, "botToken": "t-1"}},
    "twitterProfile": {"id": "1", "screenName": "clerk", "bio": "", "nicknames": []},
    "nft": {"prompt": "a clerk"},
}
"""v0.x."""

D2: dict[str, Any] = {
    "id": "0192f0c1-2d3e-7000-8000-00000000000a",
    "name": "Gardener",
    "bio": ["Plants."],
    "messageExamples": [
        [
            {"name": "{{name1}}", "content": {"text": "When do I sow beans?"}},
            {"name": "Gardener", "content": {"text": "In May.", "actions": ["REPLY", "NOTE"], "thought": "frost"}},
        ]
    ],
    "knowledge": [{"path": "beans.md", "shared": True}, "beans.md", {"directory": "plants"}],
    "plugins": ["@elizaos/plugin-sql"],
    "settings": {"model": "small", "ragKnowledge": True},
    "secrets": {"KEY": "g-1"},
    "templates": {"messageHandlerTemplate": "Answer as {{agentName}}."},
}
"""v1.x."""

D3: dict[str, Any] = {
    "name": "Porter",
    "bio": "Opens doors.",
    "messageExamples": [{"examples": [{"name": "{{user1}}", "content": {"text": "Open?"}}]}],
    "knowledge": [
        {"item": {"case": "path", "value": "keys.md"}, "shared": False},
        {"item": {"case": "directory", "value": "doors"}},
    ],
    "settings": {"ENABLE_AUTONOMY": "true", "max_working_memory_entries": 5},
    "advancedPlanning": True,
}
"""v2."""

D4: dict[str, Any] = {
    "name": "Scribe",
    "documents": ["Ink is in the drawer."],
    "knowledge": ["Paper is on the shelf."],
    "advancedMemory": False,
}
"""The newest v2."""

MIXED: dict[str, Any] = {
    **D1,
    **D2,
    "name": "Everybody",
    "lore": "One line.",
    "description": "An extra that nobody knows.",
    "model": "large",
    "messageExamples": [*D1["messageExamples"], *D3["messageExamples"]],
}

DIALECTS = {"D0": D0, "D1": D1, "D2": D2, "D3": D3, "D4": D4, "mixed": MIXED}

names = st.text(min_size=1, max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)
FIELDS = (
    "adjectives",
    "bio",
    "lore",
    "messageExamples",
    "plugins",
    "postExamples",
    "secrets",
    "settings",
    "style",
    "system",
    "templates",
    "topics",
)
documents = st.builds(
    lambda some, extra, name: {**some, **extra, "name": name},
    st.dictionaries(st.sampled_from(FIELDS), values),
    st.dictionaries(names.filter(lambda word: word not in ("knowledge", "documents")), values, max_size=5),
    names.filter(str.strip),
)
"""Documents with fields that are known and of any shape, and fields that nobody knows."""
