"""Proofs: checkpoints of the journals, exports that carry their proof, and what verifies both."""
