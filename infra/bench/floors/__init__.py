"""The floors: the least a program must do for the same purpose, with the same libraries, in a process of its own."""
