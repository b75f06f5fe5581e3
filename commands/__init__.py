"""What is allowed: the rules of each domain as pure functions."""
