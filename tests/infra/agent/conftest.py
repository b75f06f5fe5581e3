"""What tests of the agent's process share with those of the knowledge base: an index, and read models beside it."""

from tests.agent.knowledge.conftest import index, knowing, ours, read

__all__ = ["index", "knowing", "ours", "read"]
