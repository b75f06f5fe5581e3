"""Why a character cannot be read: the five reasons that there are."""

from typing import Literal

Code = Literal[
    "character_not_json",
    "character_not_object",
    "character_nameless",
    "character_too_large",
    "character_path_outside",
]


class Unreadable(Exception):  # noqa: N818 - it says what the document is
    """A document that is no character: a stable code, and one sentence that says what to do."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code
