"""Whom the agent speaks as: characters as ElizaOS writes them, read from any of its versions and kept as they are."""
