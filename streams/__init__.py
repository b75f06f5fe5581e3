"""What runs: the write door, the deciders at work, and the journal they keep."""
