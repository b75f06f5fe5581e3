"""What the agent can look up: resources and the platform's own documents, in passages that are found by words and by sense."""
