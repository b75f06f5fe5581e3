"""How much a model reads: tokens, estimated without anybody's tokenizer."""

BYTES = 3
"""Of UTF-8 to a token: English has about four, JSON about three. To estimate too many is better than too few."""


def tokens(text: str) -> int:
    """Estimate the tokens of a text."""
    return -(-len(text.encode()) // BYTES)
