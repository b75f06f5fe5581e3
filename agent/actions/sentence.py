"""The sentence that says what something does: the first of its docstring."""

import re


def first_sentence(text: str) -> str:
    """Give the first sentence of a docstring, on one line."""
    return re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0]
