"""What may be said: commands, facts, and the form in which they travel."""
