"""Listening: facts as they come, and from any position on, to whoever may know them, over HTTP that does not end.

One reader follows all journals for all listeners of a process, and keeps the newest facts in a ring. A listener is a
place in the ring and a position in the journals: it has no queue of its own, so a slow one costs nothing (ADR 10).
"""
