"""What the agent looks up: resources and the platform's own documents, in passages found by words and by sense."""
