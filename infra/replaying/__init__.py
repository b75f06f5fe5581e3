"""Replays: ranges of topics, read again in their order and written elsewhere."""
