"""Repairs read models: builds a second version beside the live one and switches, and empties the quarantine."""
